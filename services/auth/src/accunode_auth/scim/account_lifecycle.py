"""Create, invite, suspend and remove a tenant's people as its directory says. The transaction is the tenant's."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.scim import repository
from accunode_auth.scim.repository import Entry
from accunode_auth.scim.trail import DirectoryTrail
from accunode_auth.scim_tokens.service import Directory
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.emails import email_key
from accunode_common.errors import ConflictError
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import Membership, MembershipStatus
from accunode_common.models.provisioning import ScimUser
from accunode_identity import inviting, memberships, role_scopes
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.role_scopes import OpenScope, RoleScope
from accunode_identity.session_revocation import revoke_memberships, revoke_user

_GIVEN = Role.ORG_MEMBER


async def hold_scope(session: AsyncSession, directory: Directory) -> OpenScope:
    """Where the directory's new people come, which stays in use until the transaction ends.

    Raises:
        ConflictError: It is not in use.
    """
    scope = await role_scopes.hold(session, RoleScope(directory.tenant_id, directory.organization_id))
    if scope is None:
        raise ConflictError("The token's organization is not in use; make a token for another one.")
    return scope


async def add_managed(
    session: AsyncSession, directory: Directory, trail: DirectoryTrail, scope: OpenScope, email: str
) -> UUID | None:
    """Make an account that the tenant manages, for an address in a domain of its own; None if there is an account.

    Raises:
        NoSeatsError: All seats of the organization are taken.
    """
    user_id = new_id()
    async with acting_as(session, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)):
        if not await registration.add_account(session, user_id, email):
            return None
        await accounts.make_managed(session, user_id, directory.tenant_id, full_name="")
        await _begin(session, directory, user_id, scope)
    details = {"organization_id": str(scope.organization_id), "role": _GIVEN.value}
    await trail.record(session, "user.provision", "user", user_id, details=details)
    return user_id


async def _begin(session: AsyncSession, directory: Directory, user_id: UUID, scope: OpenScope) -> None:
    context = AccessContext(
        tenant_id=directory.tenant_id,
        user_id=user_id,
        organization_id=scope.organization_id,
        read_reach=Reach.ORGANIZATION,
    )
    async with acting_as(session, context):
        await memberships.begin(session, user_id, scope, _GIVEN, managed=True)


async def invite(
    session: AsyncSession, directory: Directory, trail: DirectoryTrail, mails: InvitationMailer, row: ScimUser
) -> None:
    """Invite an address, in the name of who made the token, unless an invitation is open already.

    Raises:
        ConflictError: The token's organization is not in use.
        RateLimitedError: The tenant sent the address too many within the hour.
    """
    scope = await hold_scope(session, directory)
    found = await repository.pending_invitation(session, directory.tenant_id, directory.organization_id, row.email_key)
    if found is None:
        inviter = Subject(
            user_id=directory.made_by,
            tenant_id=directory.tenant_id,
            organization_id=None,
            role=Role.TENANT_ADMIN,
            session_id=directory.token_id,
        )
        async with acting_as(session, inviter.access):
            found = await inviting.invite(session, trail, mails, inviter.user_id, scope, email=row.email, role=_GIVEN)
    await repository.note_invitation(session, row, found.id)


async def withdraw(session: AsyncSession, directory: Directory, trail: DirectoryTrail, entry: Entry) -> None:
    """Take the open invitation of an address back."""
    if entry.invitation_id is None:
        return
    found = await repository.invitation(session, directory.tenant_id, entry.invitation_id)
    if found is not None:
        await inviting.withdraw(session, trail, found)


async def rename(
    session: AsyncSession, directory: Directory, trail: DirectoryTrail, user_id: UUID, full_name: str
) -> None:
    """Give an account that the tenant manages the directory's name for its owner."""
    if await repository.rename(session, directory.tenant_id, user_id, full_name):
        await trail.record(session, "user.update", "user", user_id, details={"fields": ["full_name"]})


async def set_active(
    session: AsyncSession, app: Resources, directory: Directory, trail: DirectoryTrail, user_id: UUID, *, active: bool
) -> None:
    """Pause the person's memberships in the tenant and end their tokens at once, or go on with the memberships.

    Raises:
        LastAdministratorError: The person is the last administrator.
    """
    held = await repository.memberships(session, directory.tenant_id, user_id)
    wanted = MembershipStatus.ACTIVE if active else MembershipStatus.SUSPENDED
    changing = [membership for membership in held if membership.status != wanted]
    if not changing:
        return
    if active:
        for membership in changing:
            await memberships.set_status(session, membership, wanted)
        await trail.record(session, "user.resume", "user", user_id)
        return
    await memberships.suspend(session, changing)
    await trail.record(session, "user.suspend", "user", user_id)
    await revoke_memberships(session, app.revocations, changing)


async def remove(
    session: AsyncSession, app: Resources, directory: Directory, trail: DirectoryTrail, entry: Entry
) -> None:
    """End the person's memberships in the tenant, and with them an account that it manages; or the invitation.

    Raises:
        LastAdministratorError: The person is the last administrator.
    """
    if entry.user_id is None:
        if entry.invited:
            await withdraw(session, directory, trail, entry)
        return
    held = await repository.memberships(session, directory.tenant_id, entry.user_id)
    await memberships.remove(session, held, email_key=email_key(entry.email))
    await trail.record(session, "user.delete", "user", entry.user_id, details={"anonymised": entry.managed})
    if entry.managed:
        await accounts.close(session, app.revocations, entry.user_id)
        await revoke_user(session, app.revocations, entry.user_id)
    else:
        await revoke_memberships(session, app.revocations, held)


async def join(
    session: AsyncSession, directory: Directory, trail: DirectoryTrail, entry: Entry, scope: OpenScope
) -> None:
    """Make somebody whose account the tenant manages a member of an organization; who is paused is so there too.

    Raises:
        NoSeatsError: All seats of the organization are taken.
    """
    if entry.user_id is None:
        raise ValueError("an address that is nobody's yet joins nothing")
    await _begin(session, directory, entry.user_id, scope)
    if not entry.active:
        for membership in await repository.memberships(session, directory.tenant_id, entry.user_id):
            if membership.organization_id == scope.organization_id:
                await memberships.set_status(session, membership, MembershipStatus.SUSPENDED)
    details = {"organization_id": str(scope.organization_id), "role": _GIVEN.value}
    await trail.record(session, "member.add", "user", entry.user_id, details=details)


async def leave(session: AsyncSession, trail: DirectoryTrail, leaving: Sequence[tuple[Entry, Membership]]) -> None:
    """End memberships of an organization; nobody who administers it is removed so.

    Raises:
        ConflictError: Somebody administers the organization.
    """
    if any(membership.role != _GIVEN for _, membership in leaving):
        raise ConflictError("Who administers the organization is removed in AccuNode only.")
    for entry, membership in leaving:
        await memberships.end(session, [membership], email_key=email_key(entry.email))
        details = {"organization_id": str(membership.organization_id), "role": _GIVEN.value}
        await trail.record(session, "member.remove", "user", membership.user_id, details=details)
