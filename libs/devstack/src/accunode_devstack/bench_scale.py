"""Measures what growth is reckoned from: bytes, WAL, processors and messages by row, by request and by message."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, LiteralString

import psycopg
import redis
from psycopg import sql
from psycopg.types.json import Jsonb

from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_devstack import postgres
from accunode_devstack.bench import measure
from accunode_devstack.bench_api import processor_seconds
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.ports import LOOPBACK
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import RELAY, WORKER
from accunode_devstack.state import State
from accunode_ml.relay.prediction_counts import COMPACT_SECONDS

HEADINGS = ("what one takes", "measured", "unit")
MESSAGES = 5000
REQUESTS = 1000
_PATIENCE = 300.0
_IDLE_SECONDS = 10.0
_TABLES = ("predictions", "companies", "newest_predictions", "prediction_counts", "pd_counts")
_COUNT = sql.SQL("SELECT count(*) FROM credit.{}")
_SIZES = """
SELECT pg_table_size(c.oid), pg_indexes_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'credit' AND c.relname = %s
"""


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    what: str
    value: float
    unit: str

    def cells(self) -> tuple[str, ...]:
        """Its row of a table under `HEADINGS`."""
        return self.what, f"{self.value:,.0f}" if self.value >= 10 else f"{self.value:.2f}", self.unit


def measure_scale(
    state: State, endpoints: Endpoints, client: ApiClient, token: str, *, rows: int, say: Callable[[str], None]
) -> list[Figure]:
    """Store `rows` annual rows, ask for a profile and a dashboard, and have the relay publish messages.

    Raises:
        DevstackError: The servers are not the stack's own, a request fails, or the relay does not publish.
    """
    if set(endpoints.embedded) != {postgres.NAME, "redis"}:
        raise DevstackError("Unset DATABASE_URL and REDIS_URL: the stack's own servers are measured.")
    with (
        psycopg.connect(endpoints.admin_url, dbname=endpoints.database, autocommit=True) as admin,
        redis.Redis.from_url(endpoints.redis_url) as cache,
    ):
        meter = _Meter(Supervisor(state), admin, cache)
        say(f"Storing {rows:,} rows")
        figures = _stored(meter, client, state, rows)
        say("Waiting until the relay has summed up the counts, and for what the stack does by itself")
        _settle(meter)
        say("Asking for a profile and a dashboard")
        figures += _asked(meter, endpoints, token)
        say(f"Publishing {MESSAGES:,} messages")
        return figures + _published(meter)


@dataclass(frozen=True)
class _Reading:
    """What was used up to a moment, or within some seconds."""

    moment: float
    wal: float
    commands: float
    memory: float
    processor: dict[str, float]

    def since(self, before: "_Reading", idle: "_Reading | None" = None) -> "_Reading":
        """What was used since then, without what the stack uses by itself."""
        seconds = self.moment - before.moment
        share = seconds / idle.moment if idle else 0.0
        return _Reading(
            seconds,
            self.wal - before.wal - share * (idle.wal if idle else 0),
            self.commands - before.commands - share * (idle.commands if idle else 0),
            self.memory - before.memory,
            {
                name: used - before.processor[name] - share * (idle.processor[name] if idle else 0)
                for name, used in self.processor.items()
            },
        )


class _Meter:
    """Reads what the parts have used so far."""

    def __init__(self, supervisor: Supervisor, admin: psycopg.Connection, cache: "redis.Redis") -> None:
        self.supervisor, self.admin, self.cache = supervisor, admin, cache

    def read(self) -> _Reading:
        told: dict[str, Any] = self.cache.info("all")
        parts = {name: self.supervisor.find(name) for name in (WORKER, RELAY, postgres.NAME)}
        processor = {name: processor_seconds(part.process) for name, part in parts.items() if part is not None}
        processor["redis"] = told["used_cpu_user"] + told["used_cpu_sys"]
        return _Reading(
            time.perf_counter(),
            int(self.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")),
            told["total_commands_processed"],
            told["used_memory"],
            processor,
        )

    def idle(self) -> _Reading:
        """What the stack uses by itself for some seconds."""
        before = self.read()
        time.sleep(_IDLE_SECONDS)
        return self.read().since(before)

    def value(self, statement: LiteralString | sql.Composed) -> Any:
        row = self.admin.execute(statement).fetchone()
        return None if row is None else row[0]


def _stored(meter: _Meter, client: ApiClient, state: State, rows: int) -> list[Figure]:
    before = meter.read()
    taken = measure(client, state, rows)
    used = meter.read().since(before)
    meter.admin.execute("VACUUM (ANALYZE)")
    figures: list[Figure] = []
    predictions = meter.value(_COUNT.format(sql.Identifier("predictions")))
    for table in _TABLES:
        sizes = meter.admin.execute(_SIZES, (table,)).fetchone()
        assert sizes is not None
        stored = meter.value(_COUNT.format(sql.Identifier(table)))
        figures += [
            Figure(f"row of `credit.{table}`, table", sizes[0] / stored, "bytes"),
            Figure(f"row of `credit.{table}`, indexes", sizes[1] / stored, "bytes"),
            Figure(
                f"stored row, in rows of `credit.{table}`",
                stored / predictions,
                "rows",
            ),
        ]
    for name in (WORKER, postgres.NAME):
        figures.append(Figure(f"uploaded row, processor of {name}", 1e6 * used.processor[name] / rows, "µs"))
    return [
        *figures,
        Figure("uploaded row, WAL", used.wal / rows, "bytes"),
        Figure("uploaded row, from POST to completed", 1e6 * taken.seconds / rows, "µs"),
        Figure("1,000 uploaded rows, commands of Redis", 1e3 * used.commands / rows, "commands"),
    ]


def _settle(meter: _Meter) -> None:
    """Wait while the counts get fewer, which they do once a minute."""
    before = None
    while (now := meter.value(_COUNT.format(sql.Identifier("prediction_counts")))) != before:
        before = now
        time.sleep(COMPACT_SECONDS + _IDLE_SECONDS)
    meter.admin.execute("VACUUM (ANALYZE)")


def _asked(meter: _Meter, endpoints: Endpoints, token: str) -> list[Figure]:
    connection = HTTPConnection(LOOPBACK, endpoints.port, timeout=60)
    idle = meter.idle()
    figures = []
    for path in ("/api/v1/users/me", "/api/v1/portfolio/dashboard"):
        before = meter.read()
        for _ in range(REQUESTS):
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            reply = connection.getresponse()
            reply.read()
            if reply.status != HTTPStatus.OK:
                raise DevstackError(f"{path} was answered {reply.status}.")
        used = meter.read().since(before, idle)
        figures += [
            Figure(f"GET {path}, processor of Redis", 1e6 * used.processor["redis"] / REQUESTS, "µs"),
            Figure(f"GET {path}, processor of PostgreSQL", 1e6 * used.processor[postgres.NAME] / REQUESTS, "µs"),
        ]
    connection.close()
    for what, keys in (("person who asked lately", "accunode:rate:*"), ("kept dashboard", "accunode:dashboard:*")):
        sizes = [meter.cache.memory_usage(key) or 0 for key in meter.cache.scan_iter(keys)]
        if sizes:
            figures.append(Figure(f"{what}, memory of Redis", sum(sizes) / len(sizes), "bytes"))
    return figures


def _published(meter: _Meter) -> list[Figure]:
    """Messages that nobody takes: the worker is stopped."""
    meter.supervisor.stop([WORKER])
    tenant = str(PLATFORM_TENANT_ID)
    payload = Jsonb({"tenant_id": tenant, "job_id": str(new_id()), "chunk_id": str(new_id()), "attempt": 1})
    messages = [(tenant, new_id(), payload) for _ in range(MESSAGES)]
    idle = meter.idle()
    before = meter.read()
    with meter.admin.transaction(), meter.admin.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.outbox (tenant_id, id, task, queue, payload) VALUES (%s, %s, 'bench.none', 'bulk', %s)",
            messages,
        )
        size = meter.value("SELECT pg_total_relation_size('ops.outbox')")
    begun = time.perf_counter()
    meter.admin.execute("NOTIFY accunode_outbox")
    while meter.value("SELECT count(*) FROM ops.outbox"):
        if time.perf_counter() - begun > _PATIENCE:
            raise DevstackError(f"The relay did not publish {MESSAGES:,} messages within {_PATIENCE:.0f} s.")
        time.sleep(0.05)
    used = meter.read().since(before, idle)
    spent = {name: 1e6 * seconds / MESSAGES for name, seconds in used.processor.items()}
    return [
        Figure("message in the outbox", size / MESSAGES, "bytes"),
        Figure("message, processor of the relay", spent[RELAY], "µs"),
        Figure("message, processor of PostgreSQL, its insertion included", spent[postgres.NAME], "µs"),
        Figure("message, processor of Redis", spent["redis"], "µs"),
        Figure("message that waits, memory of Redis", used.memory / MESSAGES, "bytes"),
        Figure("message, from its commit to Redis, one relay", 1e6 * (time.perf_counter() - begun) / MESSAGES, "µs"),
    ]
