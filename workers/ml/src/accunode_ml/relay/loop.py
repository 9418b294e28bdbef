"""The relay's life: listen, publish, seal, sweep, measure, beat; begin again when PostgreSQL or Redis were away.

It beats at the end of a round in which both answered, so that its health says whether it can do its work.
"""

import threading
import time

import psycopg
import redis
from kombu.exceptions import OperationalError as BrokerError

from accunode_common import emf
from accunode_common.audit_chain import seal
from accunode_common.log import get_logger
from accunode_common.redis_clients import sync_client
from accunode_common.tasks.celery import create_celery
from accunode_ml.connection import connect
from accunode_ml.heartbeat import BEAT_SECONDS, beat_if_answered
from accunode_ml.relay.daily import DailyRound
from accunode_ml.relay.dead_workers import free_leases, return_messages
from accunode_ml.relay.hourly import HourlyRound
from accunode_ml.relay.metrics import metric_lines
from accunode_ml.relay.numbering import Numbering
from accunode_ml.relay.prediction_counts import REPAIR_TIMEOUT_MS, Compaction, DailyRepair
from accunode_ml.relay.publisher import Publisher
from accunode_ml.relay.sampling import Sampler
from accunode_ml.relay.scaling import decide_now
from accunode_ml.relay.sweeper import Sweeper
from accunode_ml.repositories import outbox
from accunode_ml.settings import RelaySettings

LONGEST_PAUSE_SECONDS = 5.0
SEAL_BATCH = 500

logger = get_logger(__name__)


class Relay:
    """Runs until `stop` is set.

    Args:
        settings: Where PostgreSQL and Redis are, and how often to look.
        stop: Set by whoever wants it to end; it ends within about a second.
    """

    def __init__(self, settings: RelaySettings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._publisher = Publisher(create_celery("accunode-relay", settings.redis), settings.outbox.batch)
        self._sweeper = Sweeper(stalled_seconds=settings.schedule.stalled_seconds)
        self._daily = DailyRound(settings.schedule.monitoring_hour)
        self._hourly = HourlyRound()
        self._compaction = Compaction()
        self._numbering = Numbering(settings.schedule.monitoring_hour)
        self._repair = DailyRepair(settings.schedule.monitoring_hour, self._connect_for_repair)
        self._sampler = Sampler()
        self._broker = sync_client(settings.redis)
        self._heartbeat = settings.heartbeat.path("relay")
        self._next_sweep = 0.0
        self._next_seal = 0.0
        self._next_beat = 0.0
        self._pause = 0.0

    def run(self) -> None:
        """Relay until told to stop."""
        try:
            while not self._stop.is_set():
                try:
                    with connect(self._settings.database, "accunode-relay") as connection:
                        logger.info("relay connected")
                        self._serve(connection)
                except psycopg.OperationalError as error:
                    self._back_off("postgresql", error)
        finally:
            self._repair.close()
            self._publisher.close()
            self._broker.close()

    def _connect_for_repair(self) -> psycopg.Connection:
        settings = self._settings.database.model_copy(update={"statement_timeout_ms": REPAIR_TIMEOUT_MS})
        return connect(settings, "accunode-relay-repair")

    def _serve(self, connection: psycopg.Connection) -> None:
        outbox.listen(connection)
        while not self._stop.is_set():
            self._seal(connection)
            try:
                self._publisher.publish_all(connection)
                self._sweep(connection)
                self._measure(connection)
                self._beat()
                self._pause = 0.0
            except (BrokerError, redis.RedisError) as error:
                self._back_off("redis", error)
            for _ in connection.notifies(timeout=self._settings.outbox.poll_seconds, stop_after=1):
                pass

    def _seal(self, connection: psycopg.Connection) -> None:
        """Seal a batch of the audit trail; a full one is followed by the next at once, between two publications."""
        if time.monotonic() < self._next_seal:
            return
        if seal(connection, limit=SEAL_BATCH) < SEAL_BATCH:
            self._next_seal = time.monotonic() + self._settings.schedule.seal_seconds

    def _sweep(self, connection: psycopg.Connection) -> None:
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + self._settings.schedule.sweep_seconds
        freed = free_leases(connection)
        sent = return_messages(connection, self._broker) + self._sweeper.sweep(connection, self._broker) + freed
        self._compaction.compact_if_due(connection)
        self._numbering.go_on_if_due(connection)
        self._repair.start_if_due()
        rounds = [each.start_if_due(connection, self._broker) for each in (self._daily, self._hourly)]
        if any(rounds) or sent:
            self._publisher.publish_all(connection)

    def _measure(self, connection: psycopg.Connection) -> None:
        sample = self._sampler.sample_if_due(connection, self._broker)
        if sample is None:
            return
        if self._settings.metrics.scope is not None:
            emf.write(metric_lines(sample, self._settings.metrics.scope))
        decide_now(connection, sample)

    def _beat(self) -> None:
        if time.monotonic() >= self._next_beat:
            beat_if_answered(self._heartbeat, self._broker)
            self._next_beat = time.monotonic() + BEAT_SECONDS

    def _back_off(self, what: str, error: Exception) -> None:
        logger.error("server away", server=what, reason=str(error).strip()[:300])
        self._pause = min(max(0.2, self._pause * 2), LONGEST_PAUSE_SECONDS)
        self._stop.wait(self._pause)
