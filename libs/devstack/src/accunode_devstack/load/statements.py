"""What PostgreSQL took for each kind of statement while a block ran.

From `pg_stat_statements` where the database has it; else from the server's log, which is told to note one in twenty:
all of them would take a good part of what is measured.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from accunode_devstack import postgres
from accunode_devstack.endpoints import Endpoints

SAMPLED = 0.05
"""The share of statements whose time the log has."""
FEWEST = 5
"""Calls below which a mean says nothing."""
_PHASE = re.compile(rb"duration: ([\d.]+) ms  (statement|parse [^:]*|bind [^:]*|execute [^:]*): (.{0,2000})")
_CONTROL = re.compile(r"(?:BEGIN|COMMIT|ROLLBACK|SET|SHOW)\b", re.IGNORECASE)
_LISTED = re.compile(r"(?:\$\d+|'[^']*'|\b\d+)(?:::\w+)?(?:, ?(?:\$\d+|'[^']*'|\b\d+)(?:::\w+)?)+")
_TAKEN = """
SELECT query, calls, total_exec_time / calls FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls > 0
"""


@dataclass(frozen=True)
class StatementTimes:
    """One kind of statement.

    Attributes:
        text: Its beginning; lists of values are shortened to `…`.
        calls: How many were measured.
        mean: Milliseconds of PostgreSQL.
    """

    text: str
    calls: int
    mean: float


@dataclass
class Statements:
    """Where the figures are from, and the kinds, slowest first; none where nothing can tell."""

    source: str
    kinds: list[StatementTimes]


@contextmanager
def measured_statements(endpoints: Endpoints, log: Path) -> Iterator[Statements]:
    """Measure what is sent while the block runs; the figures are there once it has ended.

    Args:
        endpoints: The stack.
        log: The log of its own PostgreSQL.
    """
    found = Statements("nothing", [])
    if _has_sums(endpoints):
        with psycopg.connect(endpoints.admin_url, dbname=endpoints.database, autocommit=True) as admin:
            admin.execute("SELECT pg_stat_statements_reset()")
            yield found
            found.source = "pg_stat_statements"
            found.kinds = _ranked(StatementTimes(*row) for row in admin.execute(_TAKEN))
    elif postgres.NAME in endpoints.embedded:
        begun = log.stat().st_size
        # What takes long would be noted each time, and counted for twenty.
        sampling = {"log_min_duration_sample": "0", "log_statement_sample_rate": str(SAMPLED)}
        sampling |= {"log_min_duration_statement": "-1"}
        with postgres.changed_settings(endpoints.admin_url, **sampling):
            yield found
        with log.open("rb") as file:
            file.seek(begun)
            found.source = f"the server's log, one in {1 / SAMPLED:.0f}"
            found.kinds = _ranked(sampled_kinds(file.read()))
    else:
        yield found


def sampled_kinds(log: bytes) -> list[StatementTimes]:
    """The kinds in a log. Each phase is sampled by itself: a mean is that of all phases together, by executions."""
    spent: dict[str, float] = {}
    calls: dict[str, int] = {}
    for milliseconds, phase, statement in _PHASE.findall(log):
        text = _LISTED.sub("…", " ".join(statement.decode(errors="replace").split()))
        spent[text] = spent.get(text, 0.0) + float(milliseconds)
        calls[text] = calls.get(text, 0) + phase.startswith((b"execute", b"statement"))
    return [StatementTimes(text, calls[text], spent[text] / calls[text]) for text in spent if calls[text]]


def _has_sums(endpoints: Endpoints) -> bool:
    with psycopg.connect(endpoints.admin_url, dbname=endpoints.database) as admin:
        return admin.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'").fetchone() is not None


def _ranked(kinds: Iterator[StatementTimes] | list[StatementTimes]) -> list[StatementTimes]:
    told = [each for each in kinds if each.calls >= FEWEST and not _CONTROL.match(each.text)]
    return sorted(told, key=lambda each: each.mean, reverse=True)
