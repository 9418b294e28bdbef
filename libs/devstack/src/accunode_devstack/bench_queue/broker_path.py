"""The product's way: this module is the application of a Celery worker, and run by itself it is the relay."""

import time

import psycopg
import redis

from accunode_common.settings import RedisSettings
from accunode_common.tasks.celery import create_celery
from accunode_common.tasks.outbox import CHANNEL
from accunode_devstack.bench_queue.work import TASK, connect, do_leased
from accunode_ml.relay.dead_workers import return_messages
from accunode_ml.relay.publisher import Publisher
from accunode_ml.settings import OutboxSettings, ScheduleSettings

app = create_celery("accunode-bench", RedisSettings.from_environment())
_opened: list[psycopg.Connection] = []


@app.task(name=TASK)  # type: ignore[untyped-decorator]
def chunk(number: int) -> None:
    """Do one chunk under a lease."""
    if not _opened:
        _opened.append(connect())
    do_leased(_opened[0], number)


def relay() -> None:
    """Publish what the outbox holds, and give back the messages of dead workers, as the product's relay does."""
    settings = RedisSettings.from_environment()
    publisher = Publisher(app, OutboxSettings.model_fields["batch"].default)
    sweep_seconds = ScheduleSettings.model_fields["sweep_seconds"].default
    broker = redis.Redis.from_url(settings.url.get_secret_value(), decode_responses=True)
    next_sweep = 0.0
    with connect() as connection:
        connection.execute(f"listen {CHANNEL}")
        while True:
            publisher.publish_all(connection)
            if time.monotonic() >= next_sweep:
                return_messages(connection, broker)
                next_sweep = time.monotonic() + sweep_seconds
            for _ in connection.notifies(timeout=1.0, stop_after=1):
                pass


if __name__ == "__main__":
    relay()
