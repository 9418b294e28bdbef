"""A worker's watch over itself, in a thread of its main process.

Every two seconds it notes in PostgreSQL that the worker and its processes live, and what messages they hold, so that
the relay can free at once what a dead one held. And it sends itself a message through Redis, by the way that all work
comes: a Celery worker whose connection was cut can live on, beat, and take nothing any more. One that leaves its own
message lying while it has a process free is made to connect anew, and if that does not help it ends, and whoever
started it starts it again.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import redis
from celery import Celery, Task
from celery.worker import state
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import OperationalError as BrokerError

from accunode_common.log import get_logger
from accunode_common.redis_clients import sync_client
from accunode_common.tasks.holders import BEAT_SECONDS, Holder
from accunode_common.tasks.waiting import waiting_key
from accunode_ml.connection import connect
from accunode_ml.heartbeat import beat
from accunode_ml.protection import TaskProtection
from accunode_ml.repositories import holders, scaling
from accunode_ml.settings import WorkerSettings
from accunode_ml.task_counts import TaskCounts
from accunode_ml.task_metrics import TaskMetrics

PROBE = "worker.probe"
STUCK_SECONDS = 5.0
"""How long the worker's own message may lie there while Redis answers and a process is free."""

AFTER_OUTAGE_SECONDS = 1.5
"""How long the worker's own message may lie there when Redis was away just before."""

CONNECT_SECONDS = 3.0
"""How long it may take to connect: Celery itself waits up to half a minute between two tries."""

GRACE_SECONDS = 3.0
"""How long running tasks may take to end when the worker ends itself."""

EXIT_CODE = 70
_PROBE_KEPT_SECONDS = 60

DOUBTFUL_SECONDS = 0.2
logger = get_logger(__name__)


class Watch:
    """Begins with the first connection to Redis and ends with the worker.

    Args:
        app: The worker's application.
        settings: Where PostgreSQL and Redis are.
        holder: The worker's main process.
        counts: Where the worker counts what its tasks end.
    """

    def __init__(self, app: Celery, settings: WorkerSettings, holder: Holder, counts: TaskCounts) -> None:
        self._app = app
        self._settings = settings
        self._holder = holder
        self._counts = counts
        self._protection = TaskProtection(settings.ecs.agent_uri)
        self._metrics = TaskMetrics(counts, settings.metrics.scope)
        self._queue = Queue(f"probe.{holder.id}", no_declare=True)  # type: ignore[no-untyped-call]
        self._broker = sync_client(settings.redis, tries_again=False)
        self._sender: Connection | None = None
        self._database: psycopg.Connection | None = None
        self._consumer: Any = None
        self._pool: Any = None
        self._outage = False
        self._redis_run: str | None = None
        self._doubtful = True
        self._closing = False
        self._unanswered_since: float | None = None
        self._reconnecting_since: float | None = None
        self._answered = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def connected(self, consumer: Any) -> None:
        """The consumer has a connection: it takes the worker's own messages beside its work."""
        consumer.task_consumer.add_queue(self._queue)
        consumer.task_consumer.consume()
        self._consumer, self._pool = consumer, consumer.pool
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
            self._thread.start()

    def disconnected(self) -> None:
        """The consumer has lost its connection, or stops."""
        self._consumer = None

    def closing(self) -> None:
        """The worker was told to end: it takes nothing new, and its tasks may end in their own time."""
        self._closing = True

    def answer(self) -> None:
        """The worker has taken its own message."""
        self._answered = True

    def stop(self) -> None:
        """End, as the worker has ended and holds nothing any more."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join(2 * BEAT_SECONDS)
        self._protection.end()
        self._metrics.publish()
        self._in_database(self._count)
        self._in_database(lambda database: holders.delete_worker(database, self._holder))

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._in_database(self._announce)
                self._in_database(self._count)
                self._protection.keep(busy=bool(_messages()))
                self._metrics.publish_if_due()
                self._check_takes_messages()
                self._stop.wait(DOUBTFUL_SECONDS if self._doubtful else BEAT_SECONDS)
        except Exception:
            # Nobody would notice any more what the worker does.
            logger.exception("the watch failed")
            self._end()

    def _announce(self, database: psycopg.Connection) -> None:
        """Say that the worker lives, which of its processes do, and what they hold."""
        processes = holders.processes_of(database, self._holder)
        living = [process for process, pid in processes if _lives(pid)]
        holders.delete(database, [process for process, _ in processes if process not in living])
        holders.beat(database, living)
        holders.announce(database, self._holder, _messages())

    def _count(self, database: psycopg.Connection) -> None:
        """Hand over what has ended since the last time; what the server is away for is handed over the next time."""
        ended = self._counts.take()
        if not ended:
            return
        try:
            scaling.add_counts(database, ended)
        except psycopg.OperationalError:
            self._counts.add(ended)
            raise
        except psycopg.Error as error:
            # As with a schema of another release: figures are no reason to end the worker.
            logger.error("task counts are lost", reason=str(error).strip()[:300])

    def _check_takes_messages(self) -> None:
        """See whether the worker takes messages; if it does not, end it."""
        try:
            self._notice_restart()
            waits = self._waits()
        except (redis.RedisError, BrokerError) as error:
            if not self._outage:
                logger.error("server away", server="redis", reason=str(error))
            self._close_sender()
            self._outage = self._doubtful = True
            self._answered = False
            self._unanswered_since = self._reconnecting_since = None
            return
        self._doubtful = waits
        if not waits:
            self._outage = False
            self._unanswered_since = self._reconnecting_since = None
            beat(self._settings.heartbeat.path("worker"))
            return
        now = time.monotonic()
        self._unanswered_since = self._unanswered_since or now
        if self._consumer is None:
            self._reconnecting_since = self._reconnecting_since or now
        if self._reconnecting_since is not None:
            if now - self._reconnecting_since >= CONNECT_SECONDS:
                logger.error("the worker takes no messages though Redis answers, so it ends")
                self._end()
        elif now - self._unanswered_since >= (AFTER_OUTAGE_SECONDS if self._outage else STUCK_SECONDS):
            logger.error("the worker takes no messages though Redis answers, so it connects anew")
            self._reconnecting_since = now
            self._consumer.hub.call_soon(_connect_anew)

    def _notice_restart(self) -> None:
        """Ask Redis which run of it this is: it may have been away between two looks."""
        run = self._broker.info("server")["run_id"]
        if self._redis_run not in (None, run):
            self._outage, self._answered = True, False
        self._redis_run = run

    def _waits(self) -> bool:
        """Whether the worker's message still lies there though a process is free; if it does not, send the next."""
        if self._closing or self._is_busy():
            return False
        key = waiting_key(self._queue.name)
        if self._broker.llen(key):
            return True
        answered, self._answered = self._answered, False
        self._send()
        self._broker.expire(key, _PROBE_KEPT_SECONDS)
        return not answered

    def _is_busy(self) -> bool:
        running, taken = len(state.active_requests), len(state.reserved_requests)
        return self._consumer is not None and running > 0 and taken >= self._pool.num_processes

    def _send(self) -> None:
        if self._sender is None:
            self._sender = self._app.connection_for_write()
        self._app.send_task(PROBE, queue=self._queue, connection=self._sender, ignore_result=True)

    def _close_sender(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.collect()  # type: ignore[no-untyped-call]

    def _end(self) -> None:
        """End the worker, so that it is started again: soon its tasks are cut off, which counts as no try."""
        state.should_stop = EXIT_CODE
        if self._stop.wait(GRACE_SECONDS):
            return
        self._in_database(lambda database: holders.retire(database, self._holder))
        for process in self._pool._pool._pool:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        os._exit(EXIT_CODE)

    def _in_database(self, act: Callable[[psycopg.Connection], Any]) -> None:
        try:
            if self._database is None or self._database.closed:
                self._database = connect(self._settings.database, "accunode-worker-watch")
            act(self._database)
        except psycopg.OperationalError as error:
            logger.error("server away", server="postgresql", reason=str(error).strip()[:300])
            if self._database is not None:
                self._database.close()


def add_probe(app: Celery, watch: Watch) -> None:
    """Have the worker take its own messages in its main process, by the way of all messages."""

    class Probe(Task):  # type: ignore[misc]
        """Never runs: its strategy answers when the message is taken."""

        def start_strategy(self, *_: Any, **__: Any) -> Callable[..., None]:
            def take(message: Any, *_: Any) -> None:
                message.ack()
                watch.answer()

            return take

        def run(self) -> None:
            """Nothing."""

    probe = Probe()
    probe.name = PROBE
    probe.time_limit = _PROBE_KEPT_SECONDS
    app.register_task(probe)


def _connect_anew() -> None:
    """In the worker's own loop: what Celery does when it notices that its connection is lost."""
    raise ConnectionResetError("the worker takes no messages by this connection")


def _messages() -> list[str]:
    held = [*_copied(state.reserved_requests), *_copied(state.active_requests)]
    return sorted({str(request.message.delivery_tag) for request in held})


def _copied(requests: Any) -> list[Any]:
    """The main thread changes the set meanwhile."""
    while True:
        try:
            return list(requests)
        except RuntimeError:
            continue


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
