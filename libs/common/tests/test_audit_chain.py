"""The relay seals events in order, per tenant; an altered event, or a missing one, breaks the chain where it is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from accunode_common.audit_chain import FIELDS, GENESIS, Break, Fault, Link, Verifier, canonical, link_hash, seal
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.models.audit import AuditEvent
from accunode_common.testing.database import TestDatabase

EVENT = {
    "tenant_id": UUID(int=1),
    "id": UUID(int=2),
    "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "actor_id": None,
    "actor_role": "tenant_admin",
    "organization_id": None,
    "action": "organization.create",
    "resource_type": "organization",
    "resource_id": "3",
    "request_id": None,
    "ip_address": "203.0.113.7",
    "details": {"name": "Crédit"},
}


@pytest.fixture
def relay(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        yield connection


def chain(connection: psycopg.Connection, tenant_id: UUID) -> list[Link]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "select s.sequence, s.hash, s.event_id, e.* from audit.seals s join audit.events e"
            " on e.tenant_id = s.tenant_id and e.id = s.event_id where s.tenant_id = %s order by s.sequence",
            [tenant_id],
        ).fetchall()
    return [Link(row["sequence"], row["hash"], row["event_id"], row) for row in rows]


def add_events(superuser: psycopg.Connection, tenant_id: UUID, count: int) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    for number, event_id in enumerate(ids):
        superuser.execute(
            "insert into audit.events (tenant_id, id, action, resource_type, details, ip_address)"
            " values (%s, %s, 'test.try', 'test', %s, '203.0.113.7')",
            [tenant_id, event_id, psycopg.types.json.Json({"number": number, "share": 0.1, "text": "ü"})],
        )
    return ids


def seal_all(relay: psycopg.Connection) -> None:
    while seal(relay, limit=100) == 100:
        pass


def test_the_canonical_form_is_stable() -> None:
    assert (
        canonical(EVENT)
        == (
            '{"action":"organization.create","actor_id":null,"actor_role":"tenant_admin","details":{"name":"Crédit"},'
            '"id":"00000000-0000-0000-0000-000000000002","ip_address":"203.0.113.7",'
            '"occurred_at":"2026-01-02T03:04:05.000006+00:00","organization_id":null,"request_id":null,'
            '"resource_id":"3","resource_type":"organization","tenant_id":"00000000-0000-0000-0000-000000000001"}'
        ).encode()
    )
    assert set(EVENT) == set(FIELDS)


def test_events_are_sealed_once_in_order_and_per_tenant(
    relay: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    one, two = new_id(), new_id()
    expected = add_events(superuser, one, 3)
    add_events(superuser, two, 1)
    seal_all(relay)
    expected += add_events(superuser, one, 2)
    seal_all(relay)
    seal_all(relay)

    links = chain(superuser, one)
    assert [link.event_id for link in links] == expected
    verifier = Verifier()
    assert verifier.feed(links) is None
    assert (verifier.links, verifier.head) == (5, links[-1].hash)
    assert Verifier().feed(chain(superuser, two)) is None


def test_an_event_with_an_id_of_the_future_holds_up_no_other(
    relay: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant, future = new_id(), UUID(int=(2**47 << 80) + new_id().int % 2**60)
    superuser.execute(
        "insert into audit.events (tenant_id, id, action, resource_type) values (%s, %s, 'test.future', 'test')",
        [tenant, future],
    )
    seal_all(relay)
    later = add_events(superuser, tenant, 2)
    seal_all(relay)
    assert [link.event_id for link in chain(superuser, tenant)] == [future, *later]


def test_an_event_that_commits_late_is_sealed_after_those_that_overtook_it(
    relay: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    late = new_id()
    early = add_events(superuser, tenant, 2)
    seal_all(relay)
    superuser.execute(
        "insert into audit.events (tenant_id, id, action, resource_type) values (%s, %s, 'test.late', 'test')",
        [tenant, late],
    )
    seal_all(relay)
    links = chain(superuser, tenant)
    assert [link.event_id for link in links] == [*early, late]
    assert Verifier().feed(links) is None


def test_what_was_altered_or_removed_is_named(relay: psycopg.Connection, superuser: psycopg.Connection) -> None:
    tenant = new_id()
    events = add_events(superuser, tenant, 4)
    seal_all(relay)
    links = chain(superuser, tenant)

    superuser.execute("update audit.events set details = '{}' where id = %s", [events[2]])
    assert Verifier().feed(chain(superuser, tenant)) == Break(3, events[2], Fault.ALTERED)

    gone = replace(links[1], event=None)
    assert Verifier().feed([links[0], gone, *links[2:]]) == Break(2, events[1], Fault.EVENT_MISSING)
    assert Verifier().feed([links[0], *links[2:]]) == Break(2, events[2], Fault.LINK_MISSING)
    forged = replace(links[0], hash=link_hash(GENESIS, 1, {**EVENT, "action": "other"}))
    assert Verifier().feed([forged, *links[1:]]) == Break(1, events[0], Fault.ALTERED)


def test_feeding_in_parts_is_feeding_at_once(relay: psycopg.Connection, superuser: psycopg.Connection) -> None:
    tenant = new_id()
    add_events(superuser, tenant, 5)
    seal_all(relay)
    links = chain(superuser, tenant)
    verifier = Verifier()
    assert all(verifier.feed([link]) is None for link in links)
    assert verifier.head == links[-1].hash


def test_a_link_covers_every_field_of_an_event() -> None:
    assert set(FIELDS) == set(AuditEvent.__table__.columns.keys())
