"""The publisher keeps what Redis has not taken, however often Redis goes away."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from bulk_processes import wait_until
from bulk_work import Bulk
from kombu.exceptions import OperationalError as BrokerError
from pydantic import SecretStr

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.settings import RedisSettings
from accunode_common.tasks.celery import create_celery
from accunode_common.tasks.messages import PurgeFiles, Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.database import TestDatabase
from accunode_devstack.ports import free_port
from accunode_devstack.processes import Supervisor
from accunode_devstack.redis import RedisServer, embedded_redis
from accunode_devstack.state import State
from accunode_ml.relay.publisher import Publisher


class Cache:
    """A Redis that can be taken away, and comes back empty."""

    def __init__(self, folder: Path) -> None:
        state = State(folder)
        state.prepare()
        self._supervisor = Supervisor(state)
        self.server: RedisServer = embedded_redis(
            state.redis, port=free_port(), password=secrets.token_urlsafe(16), durable=False
        )
        self.server.initialise()

    def start(self) -> None:
        self._supervisor.start(self.server.program())
        wait_until(self.server.ready, seconds=20)

    def stop(self) -> None:
        self._supervisor.stop([self.server.program().name])


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path)
    cache.start()
    yield cache
    cache.stop()


def test_messages_wait_through_every_absence_of_redis_and_none_is_lost(
    bulk: Bulk, test_database: TestDatabase, cache: Cache
) -> None:
    bulk.superuser.execute("delete from ops.outbox")
    app = create_celery("test", RedisSettings(url=SecretStr(cache.server.url)))
    publisher = Publisher(app, batch=10)

    def waiting() -> list[object]:
        return bulk.rows("select id from ops.outbox")

    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        for _ in range(3):
            bulk.enqueue(PurgeFiles(tenant_id=PLATFORM_TENANT_ID, job_id=new_id()))
            cache.stop()
            for _ in range(2):
                with pytest.raises(BrokerError):
                    publisher.publish_all(connection)
            assert len(waiting()) == 1
            cache.start()
            assert publisher.publish_all(connection) == 1
            assert waiting() == []
            with redis.Redis.from_url(cache.server.url) as broker:
                assert broker.llen(waiting_key(Queue.BULK)) == 1
    publisher.close()
    app.close()
