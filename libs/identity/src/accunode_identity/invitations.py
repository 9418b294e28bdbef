"""Accept and decline invitations: the one way in which administrators make somebody a member.

An invitation goes to the address that was typed. Whether anybody has an account under it is not looked up, so that
neither the reply nor its time can tell. Its owner accepts, signed in with the address verified, or with the token of
the mail. The seat is taken when the invitation is accepted, not before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Role
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.errors import (
    ForbiddenError,
    GoneError,
    NotFoundError,
    UnauthenticatedError,
    UnprocessableInputError,
)
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import Membership, UserStatus
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_identity import memberships, people, role_scopes
from accunode_identity.people import Person
from accunode_identity.role_scopes import OpenScope, RoleScope

LIFETIME = timedelta(days=7)
PREFIX = "iv"


class EmailNotVerifiedError(ForbiddenError):
    """The caller has not shown that their address is theirs."""

    code = "email_not_verified"
    title = "Verify your e-mail address first"


@dataclass(frozen=True, slots=True)
class Issued:
    """An invitation to mail.

    Attributes:
        token: Good for the one who reads the mail, until the invitation is sent again.
    """

    invitation: Invitation
    scope: OpenScope
    token: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation as its addressee sees it."""

    invitation: Invitation
    scope: OpenScope


@dataclass(frozen=True, slots=True)
class Joined:
    """The membership that accepting an invitation began."""

    invitation: Invitation
    membership: Membership
    scope: OpenScope
    managed: bool


def scope_of(invitation: Invitation) -> RoleScope:
    """Where an invitation leads."""
    return RoleScope(invitation.tenant_id, invitation.organization_id)


def is_open() -> ColumnElement[bool]:
    """Invitations that can still be accepted."""
    return and_(Invitation.state == InvitationState.PENDING, Invitation.expires_at > func.now())


def shown_state(invitation: Invitation) -> InvitationState:
    """The state of an invitation now."""
    state = InvitationState(invitation.state)
    if state is InvitationState.PENDING and invitation.expires_at <= datetime.now(UTC):
        return InvitationState.EXPIRED
    return state


async def decide(session: AsyncSession, invitation: Invitation, state: InvitationState, **values: object) -> None:
    """Change an invitation that nobody decided yet.

    Raises:
        GoneError: It was decided.
    """
    decided = await session.scalar(
        update(Invitation)
        .where(
            Invitation.tenant_id == invitation.tenant_id,
            Invitation.id == invitation.id,
            Invitation.state == InvitationState.PENDING,
        )
        .values(state=state, version=Invitation.version + 1, updated_at=func.now(), **values)
        .returning(Invitation)
        .execution_options(populate_existing=True)
    )
    if decided is None:
        raise GoneError("The invitation was accepted, declined or withdrawn.")


async def verified(session: AsyncSession, user_id: UUID) -> Person:
    """The transaction's person, who has shown that their address is theirs.

    Raises:
        UnauthenticatedError: The account is gone.
        EmailNotVerifiedError: The address is not verified.
    """
    person = await people.find(session, user_id)
    if person is None or person.status != UserStatus.ACTIVE:
        raise UnauthenticatedError("The account is gone.")
    if person.email_verified_at is None:
        raise EmailNotVerifiedError("Confirm the token that was mailed to you with POST /auth/verify-email.")
    return person


async def offers(session: AsyncSession, user_id: UUID) -> list[Offer]:
    """The open invitations to the verified address of the transaction's person.

    Raises:
        UnauthenticatedError, EmailNotVerifiedError: See `verified`.
    """
    person = await verified(session, user_id)
    query = select(Invitation).where(Invitation.email_key == person.email_key, is_open()).order_by(Invitation.id)
    return [offer for invitation in await _all(session, query) if (offer := await _offer(session, user_id, invitation))]


async def _all(session: AsyncSession, query: Select[Invitation]) -> Sequence[Invitation]:
    return (await session.scalars(query)).all()


async def _offer(session: AsyncSession, user_id: UUID, invitation: Invitation) -> Offer | None:
    async with acting_as(session, invited_context(user_id, invitation)):
        scope = await role_scopes.find(session, scope_of(invitation))
    return None if scope is None else Offer(invitation, scope)


def invited_context(user_id: UUID, invitation: Invitation) -> AccessContext:
    """The context in which an invited person sees the scope of the invitation, and who is there."""
    return AccessContext(
        tenant_id=invitation.tenant_id,
        user_id=user_id,
        organization_id=invitation.organization_id,
        read_reach=Reach.ORGANIZATION,
    )


async def accept(session: AsyncSession, user_id: UUID, invitation_id: UUID, *, accept_managed: bool) -> Joined:
    """Make the transaction's person a member, as they were invited.

    Raises:
        UnauthenticatedError, EmailNotVerifiedError: See `verified`.
        NotFoundError: Their address has no such invitation.
        GoneError: It was decided or has expired, or the scope is no longer in use.
        UnprocessableInputError: They did not accept that the tenant manages the account, which it asks for.
        ForbiddenError, ConflictError: See `memberships.begin`.
    """
    invitation = await _own(session, user_id, invitation_id)
    async with acting_as(session, invited_context(user_id, invitation)):
        scope = await role_scopes.hold(session, scope_of(invitation))
        if scope is None or not await _still_open(session, invitation):
            raise GoneError("The invitation is no longer open.")
        if invitation.managed and not accept_managed:
            raise UnprocessableInputError.at(
                "/body/accept_managed", "not_accepted", f"{scope.tenant_name} manages its people's accounts: accept it."
            )
        membership = await memberships.begin(session, user_id, scope, Role(invitation.role), managed=invitation.managed)
        await decide(session, invitation, InvitationState.ACCEPTED, decided_at=func.now(), accepted_by=user_id)
        person = await people.find(session, user_id)
    managed = person is not None and person.managed_by_tenant_id == scope.tenant_id
    return Joined(invitation, membership, scope, managed)


async def _still_open(session: AsyncSession, invitation: Invitation) -> bool:
    query = select(Invitation.id).where(
        Invitation.tenant_id == invitation.tenant_id, Invitation.id == invitation.id, is_open()
    )
    return await session.scalar(query.with_for_update()) is not None


async def decline(session: AsyncSession, user_id: UUID, invitation_id: UUID) -> Invitation:
    """Turn an invitation down.

    Raises:
        UnauthenticatedError, EmailNotVerifiedError: See `verified`.
        NotFoundError: The person's address has no such invitation.
        GoneError: It was decided.
    """
    invitation = await _own(session, user_id, invitation_id)
    async with acting_as(session, invited_context(user_id, invitation)):
        await decide(session, invitation, InvitationState.DECLINED, decided_at=func.now())
    return invitation


async def _own(session: AsyncSession, user_id: UUID, invitation_id: UUID) -> Invitation:
    person = await verified(session, user_id)
    query = select(Invitation).where(Invitation.id == invitation_id, Invitation.email_key == person.email_key)
    invitation: Invitation | None = await session.scalar(query)
    if invitation is None:
        raise NotFoundError("You have no such invitation.")
    return invitation


async def redeem(session: AsyncSession, text: str) -> Invitation:
    """The open invitation that a mailed token is for.

    Raises:
        GoneError: The token is unknown, or the invitation is no longer open.
    """
    credential = Credential.parse(PREFIX, text, ids=2)
    if credential is None:
        raise GoneError("The token is not valid, or no longer.")
    tenant_id, invitation_id = credential.ids
    # The token names the tenant, and vouches for this one invitation of it.
    reach = Reach.PLATFORM if tenant_id == PLATFORM_TENANT_ID else Reach.TENANT
    async with acting_as(session, AccessContext(tenant_id=tenant_id, write_reach=reach)):
        invitation: Invitation | None = await session.scalar(
            select(Invitation).where(Invitation.tenant_id == tenant_id, Invitation.id == invitation_id, is_open())
        )
    if invitation is None or not credential.matches(invitation.token_hash):
        raise GoneError("The token is not valid, or no longer.")
    return invitation
