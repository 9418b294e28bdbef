"""Who has a second factor, who must have one, and the recovery codes that stand in for a lost one.

The transaction's context must be the person's.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships.service import ActiveMembership, active_memberships
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.resources import Resources
from accunode_auth.second_factors import repository
from accunode_auth.second_factors.repository import Held
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError
from accunode_common.http.trail import Trail
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import SECOND_FACTORS

RECOVERY_CODES = 10

# 120 random bits, so that a plain hash keeps them safe.
_RECOVERY_BYTES = 15


class Factor(StrEnum):
    """What a second step can be."""

    AUTHENTICATOR = "authenticator"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"

    @classmethod
    def of(cls, held: Held) -> "list[Factor]":
        """What somebody can show who has these."""
        counts = {
            cls.AUTHENTICATOR: held.authenticator,
            cls.PASSKEY: held.passkeys,
            cls.RECOVERY_CODE: held.recovery_codes,
        }
        return [factor for factor, count in counts.items() if count]


async def held(session: AsyncSession, user_id: UUID) -> Held:
    """The second factors that the person has."""
    return await repository.held(session, user_id)


async def enrolled(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the person has a second factor, and so must show it."""
    return (await repository.held(session, user_id)).count > 0


def shown(methods: Collection[str]) -> bool:
    """Whether a second factor is among the methods; a tenant's provider has to say so for its people."""
    return not SECOND_FACTORS.isdisjoint(methods)


def due_at(app: Resources, membership: ActiveMembership) -> datetime | None:
    """From when the person must have a second factor to work there; None where none is asked for."""
    days = app.settings.mfa.super_admin_days
    if membership.tenant_id != PLATFORM_TENANT_ID:
        return membership.second_factor_due_at
    return (
        membership.role_since + timedelta(days=days)
        if days is not None and membership.role == Role.SUPER_ADMIN
        else None
    )


def overdue(app: Resources, membership: ActiveMembership, methods: Collection[str]) -> bool:
    """Whether working there takes a second factor, the grace is over, and none was shown."""
    due = due_at(app, membership)
    return due is not None and due <= datetime.now(UTC) and not shown(methods)


async def missing(session: AsyncSession, app: Resources, user_id: UUID, membership: ActiveMembership) -> bool:
    """Whether the person must have a second factor there by now and has none, nor a provider of the tenant's."""
    return (
        overdue(app, membership, ())
        and not await enrolled(session, user_id)
        and not await repository.vouched_for(session, user_id, membership.tenant_id)
    )


async def codes_for_first(session: AsyncSession, user_id: UUID) -> list[str]:
    """Recovery codes for who has none left: with the first factor; later ones add none."""
    await repository.lock_person(session, user_id)
    return [] if (await repository.held(session, user_id)).recovery_codes else await _fresh_codes(session, user_id)


async def renew_codes(session: AsyncSession, subject: Subject, trail: Trail, notices: Notices) -> list[str]:
    """New recovery codes for the caller; the old ones are void.

    Raises:
        NotFoundError: The person has no second factor that they could stand in for.
    """
    if not await enrolled(session, subject.user_id):
        raise NotFoundError("You have no second factor that a recovery code could stand in for.")
    codes = await _fresh_codes(session, subject.user_id)
    await trail.record(session, "mfa.renew_recovery_codes", "user", subject.user_id)
    await notices.tell(session, subject.user_id, CredentialChange.RECOVERY_CODES_RENEWED)
    return codes


async def spend_code(session: AsyncSession, user_id: UUID, code: str) -> bool:
    """Use a recovery code up; gives False if it is none, or used."""
    return await repository.spend_recovery_code(session, user_id, _recovery_hash(code))


async def overview(session: AsyncSession, app: Resources, subject: Subject) -> tuple[Held, datetime | None]:
    """What the caller has, and from when they must have one where they work now."""
    here = (subject.tenant_id, subject.organization_id)
    held = await active_memberships(session, subject.user_id)
    due = next((due_at(app, p) for p in held if (p.tenant_id, p.organization_id) == here), None)
    return await repository.held(session, subject.user_id), due


async def refuse_to_remove_last(session: AsyncSession, app: Resources, subject: Subject) -> None:
    """Refuse to remove the caller's last second factor where one is required.

    Raises:
        ConflictError: It is the last one, and some tenant where the caller works asks for one.
    """
    await repository.lock_person(session, subject.user_id)
    if (await repository.held(session, subject.user_id)).count > 1:
        return
    asking = [
        membership.tenant_name
        for membership in await active_memberships(session, subject.user_id)
        if due_at(app, membership) is not None
    ]
    if asking:
        raise ConflictError(f"{asking[0]} asks for a second factor and this is your last; enrol another one first.")


async def forget_codes_of_none(session: AsyncSession, user_id: UUID) -> None:
    """Forget recovery codes once there is no factor that they stand in for."""
    if not await enrolled(session, user_id):
        await repository.replace_recovery_codes(session, user_id, [])


async def _fresh_codes(session: AsyncSession, user_id: UUID) -> list[str]:
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    await repository.replace_recovery_codes(session, user_id, [_recovery_hash(code) for code in codes])
    return codes


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _recovery_hash(code: str) -> bytes:
    return hashlib.sha256("".join(code.casefold().replace("-", "").split()).encode()).digest()
