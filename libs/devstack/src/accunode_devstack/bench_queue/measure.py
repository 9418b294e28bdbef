"""Runs the same chunks through both ways: latency, processor time, a killed worker, and Redis without its memory."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import psycopg
import redis

from accunode_devstack.bench_api import processor_seconds
from accunode_devstack.bench_queue.work import DATABASE_URL, announce, create_schema, put_in
from accunode_devstack.errors import DevstackError
from accunode_devstack.throwaway import throwaway_postgres, throwaway_redis

PROCESSES = 2
PACED, PAUSE = 100, 0.03
BURST = 1000
HELD_SECONDS = 8.0
"""A chunk that is under way when its worker is killed, and until a second worker stands ready."""
QUEUED, QUEUED_SECONDS = 200, 0.02
LIMIT = 120.0

_PACKAGE = "accunode_devstack.bench_queue"
_RELAY = (sys.executable, "-m", f"{_PACKAGE}.broker_path")
_CELERY = (
    *(sys.executable, "-m", "celery", "--app", f"{_PACKAGE}.broker_path", "worker", "--queues", "bulk"),
    *("--without-gossip", "--without-mingle", "--loglevel", "ERROR", "--concurrency"),
)
_LOOP = (sys.executable, "-m", f"{_PACKAGE}.database_path")


@dataclass(frozen=True)
class QueueTimes:
    """What one way of handing chunks out gave.

    Attributes:
        name: The way.
        latency_p50: Seconds from the commit to the start, one chunk at a time.
        latency_p95: The same, of the slowest twentieth.
        per_second: Chunks a second that take no time, many at once.
        processor: Seconds of workers, relay, Redis and PostgreSQL for one of those.
        after_kill: Seconds from the worker's death to the start of the chunk elsewhere.
        lost: Of the chunks that waited when Redis forgot everything, those that only a sweep finds again.
    """

    name: str
    latency_p50: float
    latency_p95: float
    per_second: float
    processor: float
    after_kill: float
    lost: int


@dataclass
class Bench:
    """Chunks on a server of their own, and the processes that do them."""

    connection: psycopg.Connection
    environment: dict[str, str]
    broker: redis.Redis | None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    next_number: int = 0

    def start(self, processes: int) -> subprocess.Popen[bytes]:
        """Start a worker with so many processes; the one of the loop, of which each is alone, comes last."""
        if self.broker is not None:
            return self._run((*_CELERY, str(processes)))
        return [self._run(_LOOP) for _ in range(processes)][-1]

    def start_relay(self) -> None:
        """Start what publishes the outbox; nothing where there is none."""
        if self.broker is not None:
            self._run(_RELAY)

    def _run(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.started.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a worker with all its processes as a lost machine would: at once."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.started.remove(process)

    def put_in(self, count: int, seconds: float = 0.0) -> range:
        """Commit new chunks; returns their numbers."""
        numbers = range(self.next_number, self.next_number + count)
        put_in(self.connection, numbers.start, count, seconds, outbox=self.broker is not None)
        self.next_number += count
        return numbers

    def unfinished(self) -> list[int]:
        """The numbers of chunks that are not done."""
        rows = self.connection.execute("select number from bench.chunks where state <> 'done' order by 1").fetchall()
        return [row[0] for row in rows]

    def await_done(self, *, limit: float = LIMIT) -> bool:
        """Wait until every chunk is done; False when the time is up."""
        until = time.monotonic() + limit
        while self.unfinished():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def require_done(self) -> None:
        """Wait until every chunk is done. Raises DevstackError when one is not within two minutes."""
        if not self.await_done():
            raise DevstackError(f"{len(self.unfinished())} chunks of the bench were not done in {LIMIT:.0f} s.")

    def latencies(self, numbers: range) -> list[float]:
        """Seconds from commit to start of each chunk."""
        rows = self.connection.execute(
            "select started - at from bench.chunks join bench.commits using (number) where number = any(%s)",
            (list(numbers),),
        ).fetchall()
        return [max(0.0, row[0]) for row in rows]


def measure_queues() -> Iterator[QueueTimes]:
    """Measure both ways, one after the other, in some two minutes. Raises DevstackError when one does not get on."""
    for name, with_broker in (("outbox, relay, Celery, lease", True), ("rows for update skip locked", False)):
        with _bench(with_broker=with_broker) as bench:
            bench.start_relay()
            bench.start(PROCESSES)
            bench.put_in(PROCESSES)
            bench.require_done()
            p50, p95 = _latency(bench)
            per_second, processor = _burst(bench)
            lost = _forgetful_redis(bench)
        with _bench(with_broker=with_broker) as bench:
            after_kill = _kill(bench)
        yield QueueTimes(name, p50, p95, per_second, processor, after_kill, lost)


@contextmanager
def _bench(*, with_broker: bool) -> Iterator[Bench]:
    with throwaway_postgres() as postgres, throwaway_redis() as broker:
        environment = os.environ | {DATABASE_URL: postgres.admin_url, "ACCUNODE_REDIS_URL": broker.url}
        with (
            psycopg.connect(postgres.admin_url, autocommit=True) as connection,
            redis.Redis.from_url(broker.url) as client,
        ):
            create_schema(connection)
            bench = Bench(connection, environment, client if with_broker else None)
            try:
                yield bench
            finally:
                for process in [*bench.started]:
                    bench.kill(process)


def _latency(bench: Bench) -> tuple[float, float]:
    first = bench.next_number
    for _ in range(PACED):
        bench.put_in(1)
        time.sleep(PAUSE)
    bench.require_done()
    cuts = statistics.quantiles(bench.latencies(range(first, bench.next_number)), n=20)
    return cuts[9], cuts[18]


def _burst(bench: Bench) -> tuple[float, float]:
    used, begun = _used(bench), time.perf_counter()
    bench.put_in(BURST)
    bench.require_done()
    seconds = time.perf_counter() - begun
    return BURST / seconds, (_used(bench) - used) / BURST


def _used(bench: Bench) -> float:
    """Processor time of all processes of the bench so far: those started here, and the servers."""
    servers = [psutil.Process(bench.connection.info.backend_pid).parent()]
    if bench.broker is not None:
        servers.append(psutil.Process(int(bench.broker.info("server")["process_id"])))
    own = [psutil.Process(process.pid) for process in bench.started]
    return sum(processor_seconds(each) for each in (*own, *servers) if each is not None)


def _kill(bench: Bench) -> float:
    bench.start_relay()
    doomed = bench.start(1)
    bench.put_in(1)
    bench.require_done()
    (number,) = bench.put_in(1, HELD_SECONDS)
    bench.start(1)
    time.sleep(HELD_SECONDS * 0.8)
    killed = time.time()
    bench.kill(doomed)
    bench.require_done()
    row = bench.connection.execute("select started from bench.chunks where number = %s", (number,)).fetchone()
    assert row is not None
    if row[0] < killed:
        raise DevstackError("The worker of the bench had done its chunk before it was killed; try again.")
    return float(row[0]) - killed


def _forgetful_redis(bench: Bench) -> int:
    bench.put_in(QUEUED, QUEUED_SECONDS)
    time.sleep(0.3)
    if bench.broker is None:
        bench.require_done()
        return 0
    bench.broker.flushall()
    bench.await_done(limit=QUEUED * QUEUED_SECONDS)
    lost = bench.unfinished()
    with bench.connection.cursor() as cursor:
        announce(cursor, lost)
    bench.require_done()
    return len(lost)
