"""The relay seals the audit trail beside its other work, and goes on when Redis is away."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.testing.plugin import SettingsFactory
from accunode_ml.relay.loop import SEAL_BATCH, Relay
from accunode_ml.settings import RelaySettings


@pytest.fixture(params=["redis", "no redis"])
def relaying(request: pytest.FixtureRequest, make_settings: SettingsFactory, tmp_path: Path) -> Iterator[None]:
    away = {"redis_url": "redis://:nobody-listens@127.0.0.1:9/0"} if request.param == "no redis" else {}
    settings = make_settings(
        RelaySettings,
        DatabaseRole.RELAY,
        heartbeat_file=tmp_path / "beat",
        seal_seconds=0.1,
        relay_poll_seconds=0.1,
        **away,
    )
    stop = threading.Event()
    thread = threading.Thread(target=Relay(settings, stop).run)
    thread.start()
    yield
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.usefixtures("relaying")
def test_events_are_sealed_soon_however_many_come_at_once(superuser: psycopg.Connection) -> None:
    tenant, count = new_id(), SEAL_BATCH + 50
    with superuser.cursor() as cursor:
        cursor.executemany(
            "insert into audit.events (tenant_id, id, action, resource_type) values (%s, %s, 'test.seal', 'test')",
            [(tenant, new_id()) for _ in range(count)],
        )
    deadline, sealed = time.monotonic() + 30, 0
    while sealed < count and time.monotonic() < deadline:
        time.sleep(0.1)
        row = superuser.execute("select count(*) from audit.seals where tenant_id = %s", [tenant]).fetchone()
        sealed = row[0] if row else 0
    assert sealed == count


@pytest.mark.parametrize(
    "away",
    [
        {"redis_url": "redis://:nobody-listens@127.0.0.1:9/0"},
        {"database_url": "postgresql://accunode_relay:nobody-listens@127.0.0.1:9/accunode"},
    ],
    ids=["redis", "postgresql"],
)
def test_a_relay_without_one_of_its_servers_does_not_beat(
    make_settings: SettingsFactory, tmp_path: Path, away: dict[str, str]
) -> None:
    beat = tmp_path / "beat"
    settings = make_settings(RelaySettings, DatabaseRole.RELAY, heartbeat_file=beat, relay_poll_seconds=0.1, **away)
    stop = threading.Event()
    thread = threading.Thread(target=Relay(settings, stop).run)
    thread.start()
    time.sleep(2)
    stop.set()
    thread.join(30)
    assert not beat.exists()
