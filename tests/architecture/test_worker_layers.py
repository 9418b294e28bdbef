"""The worker's SQL is made and run in its repositories."""

import ast
from collections.abc import Sequence

import pytest
from tests.architecture.conftest import Source
from tests.architecture.sql_uses import sql_uses

WORKER = "workers/ml/src/accunode_ml/"
REPOSITORIES = f"{WORKER}repositories/"
# A function of the database is no statement: `job.finished_at = func.now()`. To flush is to say that what was changed
# is wanted now; the statements are the mapper's.
ALLOWED = frozenset({"func", "flush"})


def _of_the_worker(sources: Sequence[Source]) -> dict[str, ast.Module]:
    inside = (source for source in sources if source.name.startswith(WORKER))
    return {source.name: source.tree for source in inside if not source.name.startswith(REPOSITORIES)}


def test_the_workers_repositories_alone_hold_its_sql(sources: Sequence[Source]) -> None:
    found = {
        f"{name}: {fault}"
        for name, tree in _of_the_worker(sources).items()
        for fault in sql_uses(tree, allowed=ALLOWED)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("from sqlalchemy import select\nasked = select(1)", "a repository should make this statement: select"),
        ("from sqlalchemy import text as q\nasked = q('select 1')", "a repository should make this statement: text"),
        ("import sqlalchemy as sa\nasked = sa.update(1)", "a repository should make this statement: update"),
        ("import sqlalchemy\nasked = sqlalchemy.delete(1)", "a repository should make this statement: delete"),
        (
            "from sqlalchemy.dialects.postgresql import insert\nasked = insert(1)",
            "a repository should make this statement: insert",
        ),
        (
            "from sqlalchemy.dialects import postgresql\nasked = postgresql.insert(1)",
            "a repository should make this statement: insert",
        ),
        ("from psycopg import sql\nasked = sql.SQL('select 1')", "a repository should make this statement: SQL"),
        ("from psycopg.sql import SQL\nasked = SQL('select 1')", "a repository should make this statement: SQL"),
        ("def f(anything):\n    anything.execute('select 1')", "a repository should call anything.execute"),
        ("def f(work):\n    work.begin().executemany(1, [2])", "a repository should call begin.executemany"),
        ("def f(self):\n    return self._session.scalars(1)", "a repository should call session.scalars"),
        ("def f(self):\n    self.session.add(1)", "a repository should call session.add"),
        ("def f(session, job):\n    return session.get(1, job)", "a repository should call session.get"),
    ],
)
def test_sql_outside_of_a_repository_is_found(text: str, fault: str) -> None:
    assert fault in set(sql_uses(ast.parse(text), allowed=ALLOWED))


@pytest.mark.parametrize(
    "text",
    [
        "from accunode_ml.repositories import jobs\ndef f(session):\n    return jobs.find(session, 1, 2)",
        "from sqlalchemy import func\ndef f(job, session):\n    job.finished_at = func.now()\n    session.flush()",
        "def f(pipe):\n    pipe.hdel(1)\n    return pipe.execute()",
        "def select(sheet):\n    return sheet\nselect(1)",
        "def f(known, values):\n    known.add(values.get('a'))",
    ],
)
def test_other_calls_are_not(text: str) -> None:
    assert list(sql_uses(ast.parse(text), allowed=ALLOWED)) == []
