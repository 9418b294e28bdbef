"""The audit trail: every change writes one event in its own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from accunode_common.ids import new_id
from accunode_common.models.audit import AuditEvent
from accunode_common.models.columns import AccessLevel

Details = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One event.

    Attributes:
        tenant_id: The tenant whose trail it belongs to.
        action: `resource.verb`, such as `prediction.create`.
        resource_type: The kind of thing that changed.
        resource_id: Which one; None when many changed at once.
        actor_id: Who did it; None for the system itself.
        details: What else an auditor needs; never a secret.
    """

    tenant_id: UUID
    action: str
    resource_type: str
    resource_id: UUID | str | None = None
    actor_id: UUID | None = None
    actor_role: str | None = None
    organization_id: UUID | None = None
    request_id: str | None = None
    ip_address: str | None = None
    details: Mapping[str, Any] | None = None


def details_about(access_level: str, *, ids: Mapping[str, UUID | str | None] | None = None, **contents: Any) -> Details:
    """The details of an event about a record.

    Of a personal record they hold ids and nothing of its contents: administrators who may not read it read the trail.
    """
    named = {name: None if value is None else str(value) for name, value in (ids or {}).items()}
    shown = {} if access_level == AccessLevel.PERSONAL else contents
    return {"access_level": access_level, **named, **shown}


_INSERTION = insert(AuditEvent)
"""Its values go beside it: to build them into a statement takes three times as long as to send it."""


def _values(entry: AuditEntry) -> dict[str, Any]:
    return {
        "tenant_id": entry.tenant_id,
        "id": new_id(),
        "actor_id": entry.actor_id,
        "actor_role": entry.actor_role,
        "organization_id": entry.organization_id,
        "action": entry.action,
        "resource_type": entry.resource_type,
        "resource_id": None if entry.resource_id is None else str(entry.resource_id),
        "request_id": entry.request_id,
        "ip_address": entry.ip_address,
        "details": dict(entry.details or {}),
    }


async def record(session: AsyncSession, entry: AuditEntry) -> None:
    """Add `entry` to the trail of its tenant, in the session's transaction."""
    await (await session.connection()).execute(_INSERTION, _values(entry))


def record_sync(session: Session, entry: AuditEntry) -> None:
    """Add `entry` to the trail of its tenant, in the session's transaction."""
    session.connection().execute(_INSERTION, _values(entry))
