"""What administrators and addressees do with invitations."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.invitations import repository
from accunode_auth.invitations.schemas import TokenAcceptance
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.sign_in import service as sign_in
from accunode_common import audit
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, acting_as
from accunode_common.errors import ConflictError, GoneError, NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Origin, Trail
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import UserStatus
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_identity import invitations, inviting
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.invitations import Joined, Offer
from accunode_identity.password_policy import refuse_personal

SORTING = Sorting(
    {"created_at": Invitation.created_at, "email": Invitation.email_key}, default="-created_at", key=Invitation.id
)


class AccountExistsError(ConflictError):
    """The address has an account: its owner signs in and accepts."""

    code = "account_exists"
    title = "The address has an account"


async def listing(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    state: InvitationState | None,
    email: str | None,
    organization_id: UUID | None,
    tenant_id: UUID | None,
) -> PageOf[Invitation]:
    """The invitations to places that the caller administers."""
    return await repository.page(
        session,
        subject,
        order,
        paging,
        state=state,
        email=email,
        organization_id=organization_id,
        tenant_id=tenant_id,
    )


async def find(session: AsyncSession, subject: Subject, invitation_id: UUID) -> Invitation:
    """An invitation to a scope that the caller administers.

    Raises:
        NotFoundError: There is none.
    """
    invitation = await repository.find(session, subject, invitation_id)
    if invitation is None:
        raise NotFoundError("There is no such invitation.")
    return invitation


async def send_again(
    session: AsyncSession, subject: Subject, trail: Trail, mails: InvitationMailer, invitation_id: UUID
) -> Invitation:
    """The invitation with a fresh token and term.

    Raises:
        NotFoundError: There is none, or its scope is not in use.
        GoneError: It was decided.
    """
    return await inviting.send_again(session, trail, mails, await find(session, subject, invitation_id))


async def withdraw(session: AsyncSession, subject: Subject, trail: Trail, invitation_id: UUID) -> None:
    """Take an invitation back.

    Raises:
        NotFoundError: There is none.
        GoneError: It was decided.
    """
    await inviting.withdraw(session, trail, await find(session, subject, invitation_id))


async def offers(session: AsyncSession, subject: Subject) -> list[Offer]:
    """The open invitations to the caller's address.

    Raises:
        EmailNotVerifiedError: The address is not verified.
    """
    return await invitations.offers(session, subject.user_id)


async def accept(
    session: AsyncSession, subject: Subject, origin: Origin, invitation_id: UUID, *, accept_managed: bool
) -> Joined:
    """Make the caller a member; no token ends.

    Raises:
        NotFoundError, GoneError, ForbiddenError, ConflictError, UnprocessableInputError: See `invitations.accept`.
    """
    joined = await invitations.accept(session, subject.user_id, invitation_id, accept_managed=accept_managed)
    await _record(session, "invitation.accept", joined.invitation, subject.user_id, origin)
    return joined


async def decline(session: AsyncSession, subject: Subject, origin: Origin, invitation_id: UUID) -> None:
    """Turn an invitation to the caller's address down.

    Raises:
        NotFoundError, GoneError, EmailNotVerifiedError: See `invitations.decline`.
    """
    invitation = await invitations.decline(session, subject.user_id, invitation_id)
    await _record(session, "invitation.decline", invitation, subject.user_id, origin)


async def accept_with_token(app: Resources, body: TokenAcceptance, origin: Origin) -> Joined:
    """Make an account with the mailed token, and accept with it.

    The token was mailed to the address, so whoever has it owns the mailbox, and wins over somebody who registered the
    address and never verified it.

    Raises:
        GoneError: The token is not valid, or the invitation no longer open.
        AccountExistsError: The address has a verified account.
        UnprocessableInputError: The password contains the address, or management was not accepted.
        ForbiddenError, ConflictError: See `invitations.accept`.
    """
    async with app.database.transaction(AccessContext()) as session:
        invited = await invitations.redeem(session, body.token)
    refuse_personal(body.password, (invited.email, body.full_name), pointer="/body/password")
    password_hash = await app.passwords.hash(body.password)
    async with app.database.transaction(AccessContext()) as session:
        invitation = await invitations.redeem(session, body.token)
        known = await sign_in.candidate(session, invitation.email_key)
        if known is not None and known.verified:
            raise AccountExistsError("Sign in, and accept with POST /users/me/invitations/{id}/accept.")
        if known is not None and known.status != UserStatus.ACTIVE:
            raise GoneError("The invitation is no longer open.")
        user_id = new_id() if known is None else known.id
        async with acting_as(session, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)):
            if known is not None:
                await accounts.reclaim(session, app.revocations, user_id)
            elif not await registration.add_account(session, user_id, invitation.email):
                raise ConflictError("The address was registered at the same moment; try again.")
            await accounts.hand_over(session, user_id, password_hash=password_hash, full_name=body.full_name)
            joined = await invitations.accept(session, user_id, invitation.id, accept_managed=body.accept_managed)
            await _record(session, "invitation.accept", joined.invitation, user_id, origin)
    return joined


async def _record(session: AsyncSession, action: str, invitation: Invitation, user_id: UUID, origin: Origin) -> None:
    """Add to the trail of the invitation's tenant.

    Nothing of what the person does elsewhere is told: not the membership that the request was made with.
    """
    async with acting_as(session, invitations.invited_context(user_id, invitation)):
        await audit.record(
            session,
            origin.entry(
                action,
                "invitation",
                invitation.id,
                tenant_id=invitation.tenant_id,
                actor_id=user_id,
                organization_id=invitation.organization_id,
                details={"email": invitation.email, "role": invitation.role, "managed": invitation.managed},
            ),
        )
