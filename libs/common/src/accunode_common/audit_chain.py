"""The hash chain over each tenant's audit trail: whoever alters a sealed event breaks every link after it.

A link is SHA-256 over the link before, the link's number as eight bytes, and the event as canonical JSON. The first
link follows 32 zero bytes. The relay seals committed events in the order of their ids; verification recomputes.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

GENESIS = bytes(32)
FIELDS = (
    "id",
    "occurred_at",
    "tenant_id",
    "actor_id",
    "actor_role",
    "organization_id",
    "action",
    "resource_type",
    "resource_id",
    "request_id",
    "ip_address",
    "details",
)
"""What an event says, in the order of exports. A link covers each of them, so that none can be added to old events."""
LATE_COMMIT = timedelta(hours=1)
"""How long after its id an event may still be committed; statement and idle timeouts are far shorter."""

_LOCK = 0x4ACC2


class Fault(StrEnum):
    """How a chain can be broken."""

    ALTERED = "altered"
    EVENT_MISSING = "event_missing"
    LINK_MISSING = "link_missing"


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed event as stored; `event` is None if it is gone."""

    sequence: int
    hash: bytes
    event_id: UUID
    event: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain is first broken."""

    sequence: int
    event_id: UUID
    fault: Fault


def canonical(event: Mapping[str, Any]) -> bytes:
    """The event's `FIELDS` as JSON with sorted keys and no spaces, times in UTC to the microsecond."""
    return json.dumps(
        {name: _plain(event[name]) for name in FIELDS},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, dict)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def link_hash(previous: bytes, sequence: int, event: Mapping[str, Any]) -> bytes:
    """The hash of link `sequence`, which follows `previous`."""
    return hashlib.sha256(previous + sequence.to_bytes(8) + canonical(event)).digest()


class Verifier:
    """Follows one tenant's chain from its first link; feed it the links in order."""

    def __init__(self) -> None:
        self.links = 0
        self.head = GENESIS

    def feed(self, links: Iterable[Link]) -> Break | None:
        """Check more links; the first that does not follow is named."""
        for link in links:
            if link.sequence != self.links + 1:
                return Break(self.links + 1, link.event_id, Fault.LINK_MISSING)
            if link.event is None:
                return Break(link.sequence, link.event_id, Fault.EVENT_MISSING)
            if link_hash(self.head, link.sequence, link.event) != link.hash:
                return Break(link.sequence, link.event_id, Fault.ALTERED)
            self.links, self.head = link.sequence, link.hash
        return None


def seal(connection: psycopg.Connection, *, limit: int = 500) -> int:
    """Seal the oldest unsealed events of all tenants, as the relay's role, in a transaction of its own.

    Returns:
        How many were sealed; fewer than `limit` means that none is left.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        # An id of the future, whoever made it, must not hide the events of today.
        newest = cursor.execute(
            "SELECT event_id FROM audit.seals WHERE event_id < %s ORDER BY event_id DESC LIMIT 1",
            [_first_id(time.time_ns() // 1_000_000)],
        ).fetchone()
        events = cursor.execute(
            """
            SELECT e.* FROM audit.events e
            LEFT JOIN audit.seals s ON s.tenant_id = e.tenant_id AND s.event_id = e.id
            WHERE s.event_id IS NULL AND e.id >= %s
            ORDER BY e.id LIMIT %s
            """,
            [_horizon(newest["event_id"] if newest else None), limit],
        ).fetchall()
        tails = cursor.execute(
            """
            SELECT t.id AS tenant_id, s.sequence, s.hash FROM unnest(%s::uuid[]) AS t (id)
            CROSS JOIN LATERAL (
                SELECT sequence, hash FROM audit.seals WHERE tenant_id = t.id ORDER BY sequence DESC LIMIT 1
            ) s
            """,
            [list({event["tenant_id"] for event in events})],
        ).fetchall()
        cursor.executemany(
            "INSERT INTO audit.seals (tenant_id, sequence, event_id, hash) VALUES (%s, %s, %s, %s)",
            list(_links(events, {tail["tenant_id"]: (tail["sequence"], tail["hash"]) for tail in tails})),
        )
    return len(events)


def _links(
    events: Iterable[Mapping[str, Any]], tails: dict[UUID, tuple[int, bytes]]
) -> Iterator[tuple[UUID, int, UUID, bytes]]:
    for event in events:
        sequence, previous = tails.get(event["tenant_id"], (0, GENESIS))
        digest = link_hash(previous, sequence + 1, event)
        tails[event["tenant_id"]] = (sequence + 1, digest)
        yield event["tenant_id"], sequence + 1, event["id"], digest


def _horizon(newest: UUID | None) -> UUID:
    """The smallest id that an event committed late could have: UUIDv7 begins with milliseconds since 1970."""
    if newest is None:
        return UUID(int=0)
    return _first_id((newest.int >> 80) - int(LATE_COMMIT.total_seconds() * 1000))


def _first_id(milliseconds: int) -> UUID:
    """The smallest id of that moment."""
    return UUID(int=max(0, milliseconds) << 80)
