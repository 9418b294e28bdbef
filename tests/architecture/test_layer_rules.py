"""Handlers call services, services call repositories: told by decorators and calls, whatever a file is named."""

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

import pytest
from tests.architecture.conftest import Source
from tests.architecture.sql_uses import STATEMENTS, sql_uses

ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route"})
MOST_CALLS = 2
LONGEST_HANDLER = 25
COMMANDS = {
    "services/auth/src/accunode_auth/users/bootstrap.py": "makes the first super admin before anybody can sign in",
}
"""Programs that are no part of an API: they may hold queries and use features' repositories."""

Rule = Callable[[str, ast.Module], Iterator[str]]


def handlers(tree: ast.Module) -> Iterator[ast.AsyncFunctionDef | ast.FunctionDef]:
    """The functions that answer requests: those that a router's `get`, `post` … decorates."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and any(map(_is_a_route, node.decorator_list)):
            yield node


def _is_a_route(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ROUTES


def imported(tree: ast.Module) -> Iterator[str]:
    """The dotted names that a module imports; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_repository(module: str) -> bool:
    """Whether a dotted name, of a module or of something in it, is of a repository."""
    return any(part == "repository" or part.endswith("_repository") for part in module.split("."))


def handlers_know_services_alone(_: str, tree: ast.Module) -> Iterator[str]:
    """A module with handlers imports no repository and makes no statement."""
    if any(handlers(tree)):
        for name in imported(tree):
            if is_repository(name) or (name.startswith("sqlalchemy.") and name.rpartition(".")[2] in STATEMENTS):
                yield f"its handlers should call a service instead of {name}"


def handlers_decide_nothing(_: str, tree: ast.Module) -> Iterator[str]:
    """A handler parses, calls and answers: it may find what the path names first, or show what came of it."""
    for handler in handlers(tree):
        calls = _most_calls(handler.body)
        if calls > MOST_CALLS:
            yield f"{handler.name} makes {calls} calls: let a service make them"
        if (handler.end_lineno or 0) - handler.body[0].lineno > LONGEST_HANDLER:
            yield f"{handler.name} is longer than {LONGEST_HANDLER} lines: a service should decide what it decides"
        if any(isinstance(node, ast.For | ast.While | ast.Try) for node in ast.walk(handler)):
            yield f"{handler.name} loops or catches: that is a service's work"


def _most_calls(statements: Sequence[ast.stmt]) -> int:
    """How many calls are awaited on the way that awaits most."""
    if not statements:
        return 0
    first, *rest = statements
    if not isinstance(first, ast.If):
        return _calls(first) + _most_calls(rest)
    taken, other = _most_calls(first.body), _most_calls(first.orelse)
    if isinstance(first.body[-1], ast.Return | ast.Raise):
        return _calls(first.test) + max(taken, other + _most_calls(rest))
    return _calls(first.test) + max(taken, other) + _most_calls(rest)


def _calls(node: ast.AST) -> int:
    return sum(isinstance(inner, ast.Await | ast.AsyncFor | ast.AsyncWith) for inner in ast.walk(node))


def repositories_hold_the_queries(name: str, tree: ast.Module) -> Iterator[str]:
    """Statements are made and run in repositories."""
    if not is_repository(PurePosixPath(name).stem) and name not in COMMANDS:
        yield from sql_uses(tree)


def features_meet_through_services(name: str, tree: ast.Module) -> Iterator[str]:
    """A feature, nested ones too, uses no other's repository; the service's own, of no feature, serves all of them."""
    parts = PurePosixPath(name).parts
    if len(parts) < 5 or parts[2] != "src" or name in COMMANDS:
        return
    folder = ".".join(parts[3:-1])
    for module in imported(tree):
        package, found, _ = f"{module}.".partition(".repository.")
        if found and package.startswith(f"{parts[3]}.") and package != folder:
            yield f"ask the service of {package} instead of its repository"


RULES = (
    handlers_know_services_alone,
    handlers_decide_nothing,
    repositories_hold_the_queries,
    features_meet_through_services,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_services_keep_to_their_layers(sources: Sequence[Source], rule: Rule) -> None:
    found = {
        f"{source.name}: {fault}"
        for source in sources
        if source.name.startswith("services/") and not source.is_test
        for fault in rule(source.name, source.tree)
    }
    assert found == set()


SAMPLE = "services/sample/src/accunode_sample/records/service.py"
_HANDLER = "@router.post('/records')\nasync def create_record(session, subject, body):\n    "


_LOOP = "for item in body:\n            check(item)"


@pytest.mark.parametrize(
    ("rule", "name", "text", "fault"),
    [
        (
            handlers_know_services_alone,
            "services/sample/src/accunode_sample/records/annual.py",
            f"from accunode_sample.records import repository\n{_HANDLER}return await repository.add(session)",
            "its handlers should call a service instead of accunode_sample.records.repository",
        ),
        (
            handlers_know_services_alone,
            SAMPLE,
            f"from sqlalchemy import select\n{_HANDLER}return await service.add(session, select(1))",
            "its handlers should call a service instead of sqlalchemy.select",
        ),
        (
            handlers_decide_nothing,
            "services/sample/src/accunode_sample/records/annual.py",
            f"{_HANDLER}a = await service.a()\n    b = await service.b(a)\n    return await service.c(b)",
            "create_record makes 3 calls: let a service make them",
        ),
        (
            handlers_decide_nothing,
            SAMPLE,
            f"def routes(router):\n    @router.get('/records')\n    def list_records(body):\n        {_LOOP}",
            "list_records loops or catches: that is a service's work",
        ),
        (
            handlers_decide_nothing,
            SAMPLE,
            f"{_HANDLER}" + "\n    ".join(f"a{number} = {number}" for number in range(30)),
            "create_record is longer than 25 lines: a service should decide what it decides",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "from sqlalchemy import func, select\nasked = select(func.now())",
            "a repository should make this statement: select",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "from sqlalchemy import func\ndef f(row):\n    row.ended_at = func.now()",
            "a repository should make this statement: func",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "import sqlalchemy as sa\nasked = sa.select(1)",
            "a repository should make this statement: select",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "from sqlalchemy import delete\nmade = map(delete, [1])",
            "a repository should make this statement: delete",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "async def f(work):\n    await work.execute('select 1')",
            "a repository should call work.execute",
        ),
        *(
            (
                repositories_hold_the_queries,
                SAMPLE,
                f"async def f({database}):\n    await {database}.{call}(1)",
                f"a repository should call {database}.{call}",
            )
            for database, call in [
                ("session", "execute"),
                ("session", "add"),
                ("session", "flush"),
                ("session", "refresh"),
                ("session", "delete"),
                ("session", "merge"),
                ("session", "get"),
                ("connection", "scalars"),
                ("session", "begin_nested"),
            ]
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "class Work:\n    async def f(self):\n        await self._session.stream(1)",
            "a repository should call session.stream",
        ),
        (
            repositories_hold_the_queries,
            SAMPLE,
            "from accunode_common.http import pagination\nasync def f(a):\n    return await pagination.paginate(a)",
            "a repository should make this statement: paginate",
        ),
        (
            features_meet_through_services,
            SAMPLE,
            "from accunode_sample.companies.repository import find",
            "ask the service of accunode_sample.companies instead of its repository",
        ),
        (
            features_meet_through_services,
            "services/sample/src/accunode_sample/records/exports/service.py",
            "from accunode_sample.records import repository",
            "ask the service of accunode_sample.records instead of its repository",
        ),
    ],
)
def test_code_that_skips_a_layer_is_found(rule: Rule, name: str, text: str, fault: str) -> None:
    assert fault in set(rule(name, ast.parse(text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SAMPLE, f"{_HANDLER}record = await service.find(session)\n    return await service.show(session, record)"),
        (
            "services/sample/src/accunode_sample/records/repository.py",
            "from sqlalchemy import select\nasync def f(session):\n    await session.flush()\n    await session.get(1)",
        ),
        (SAMPLE, "from accunode_sample.repository import find\nfrom accunode_sample.records import repository"),
        (SAMPLE, "async def f(values, known):\n    known.add(values.get('a'))"),
    ],
)
def test_code_that_keeps_to_its_layer_is_not(rule: Rule, name: str, text: str) -> None:
    assert list(rule(name, ast.parse(text))) == []
