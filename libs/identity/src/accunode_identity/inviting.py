"""Invite people, send invitations again and take them back, as whoever administers the scope that they lead to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Role
from accunode_common.emails import email_key
from accunode_common.errors import AlreadyExistsError
from accunode_common.ids import new_id
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_identity import memberships, role_scopes
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.invitations import LIFETIME, PREFIX, Issued, decide, scope_of
from accunode_identity.role_scopes import RoleScope


class Recorder(Protocol):
    """An audit trail, of a person's request or of a directory's."""

    async def record(
        self,
        session: AsyncSession,
        action: str,
        resource_type: str,
        resource_id: UUID | str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        tenant_id: UUID | None = None,
    ) -> None:
        """Add an event to the trail of `tenant_id`."""


async def invite(
    session: AsyncSession,
    trail: Recorder,
    mails: InvitationMailer,
    invited_by: UUID,
    scope: RoleScope,
    *,
    email: str,
    role: Role,
) -> Invitation:
    """Invite whoever owns an address to a scope in the caller's reach. Nothing of anybody is looked up or changed.

    Raises:
        NotFoundError: The scope is not there, not in use, or out of reach.
        AlreadyExistsError: A member of the scope whom the caller sees has the address, or it is invited already.
        RateLimitedError: The tenant sent the address too many within the hour.
    """
    issued = await _issue(session, invited_by, scope, email=email, role=role)
    invitation = issued.invitation
    await mails.send(issued)
    details = {
        "email": invitation.email,
        "role": invitation.role,
        "organization_id": str(invitation.organization_id or ""),
        "managed": invitation.managed,
    }
    await _record(session, trail, "invitation.create", invitation, details)
    return invitation


async def _record(
    session: AsyncSession,
    trail: Recorder,
    action: str,
    invitation: Invitation,
    details: Mapping[str, Any] | None = None,
) -> None:
    await trail.record(session, action, "invitation", invitation.id, details=details, tenant_id=invitation.tenant_id)


async def _issue(session: AsyncSession, invited_by: UUID, scope: RoleScope, *, email: str, role: Role) -> Issued:
    held = await role_scopes.require(session, scope)
    key = email_key(email)
    if await memberships.has_member(session, scope, key):
        raise AlreadyExistsError("Somebody with this address is a member already.")
    await _expire(session, scope, key)
    credential = Credential.new(PREFIX, scope.tenant_id, new_id())
    invitation = await session.scalar(
        insert(Invitation)
        .values(
            tenant_id=scope.tenant_id,
            id=credential.ids[1],
            organization_id=scope.organization_id,
            email=email,
            email_key=key,
            role=role,
            managed=held.settings.managed_accounts,
            invited_by=invited_by,
            token_hash=credential.hash,
            expires_at=datetime.now(UTC) + LIFETIME,
        )
        .on_conflict_do_nothing(
            index_elements=[Invitation.tenant_id, Invitation.organization_id, Invitation.email_key],
            index_where=Invitation.state == InvitationState.PENDING,
        )
        .returning(Invitation)
    )
    if invitation is None:
        raise AlreadyExistsError("This address is invited already; send that invitation again, or withdraw it.")
    return Issued(invitation, held, credential.text)


async def _expire(session: AsyncSession, scope: RoleScope, key: str) -> None:
    await session.execute(
        update(Invitation)
        .where(
            Invitation.tenant_id == scope.tenant_id,
            Invitation.organization_id.is_not_distinct_from(scope.organization_id),
            Invitation.email_key == key,
            Invitation.state == InvitationState.PENDING,
            Invitation.expires_at <= func.now(),
        )
        .values(state=InvitationState.EXPIRED, decided_at=Invitation.expires_at)
    )


def administered(invitation_id: UUID) -> Select[Invitation]:
    """An invitation that the caller administers; row-level security leaves out the others."""
    return select(Invitation).where(Invitation.id == invitation_id)


async def send_again(
    session: AsyncSession, trail: Recorder, mails: InvitationMailer, invitation: Invitation
) -> Invitation:
    """Mail a fresh token and term for an invitation that was not decided; the token before is void.

    Raises:
        NotFoundError: The scope is not in use.
        GoneError: The invitation was decided.
        RateLimitedError: The tenant sent the address too many within the hour.
    """
    held = await role_scopes.require(session, scope_of(invitation))
    credential = Credential(PREFIX, (invitation.tenant_id, invitation.id), Credential.new(PREFIX).secret)
    await decide(
        session,
        invitation,
        InvitationState.PENDING,
        token_hash=credential.hash,
        expires_at=datetime.now(UTC) + LIFETIME,
    )
    await mails.send(Issued(invitation, held, credential.text))
    await _record(session, trail, "invitation.resend", invitation)
    return invitation


async def withdraw(session: AsyncSession, trail: Recorder, invitation: Invitation) -> None:
    """Take an invitation back.

    Raises:
        GoneError: It was decided.
    """
    await decide(session, invitation, InvitationState.WITHDRAWN, decided_at=func.now())
    await _record(session, trail, "invitation.withdraw", invitation)
