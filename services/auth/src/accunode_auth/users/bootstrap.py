"""The first super admin, who has nobody to be made by."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.registration import repository as registration
from accunode_auth.sign_in import repository as sign_in
from accunode_common import audit
from accunode_common.auth.roles import Role
from accunode_common.db.session import AccessContext, Database, Reach, acting_as
from accunode_common.emails import email_key
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import Membership


async def ensure_super_admin(database: Database, *, email: str, full_name: str, password_hash: str) -> bool:
    """Make the person of that address a super admin; a new person gets the password, a known one keeps theirs.

    Returns:
        Whether anything changed.
    """
    context = AccessContext(tenant_id=PLATFORM_TENANT_ID, read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)
    async with database.transaction(context) as session:
        user_id = new_id()
        added = await registration.add_user(
            session,
            user_id=user_id,
            email=email,
            email_key=email_key(email),
            full_name=full_name,
            password_hash=password_hash,
        )
        if not added:
            found = await sign_in.find(session, email_key(email))
            if found is None:
                raise RuntimeError("The address is taken and cannot be found.")
            user_id = found.id
        async with acting_as(session, replace(context, user_id=user_id)):
            await registration.verify_email(session, user_id)
            return await _ensure_membership(session, user_id)


async def confirm_addresses(database: Database, emails: Sequence[str]) -> list[str]:
    """Take whoever runs the installation at their word that these addresses are their accounts' owners'.

    Returns:
        The addresses that have no account.
    """
    unknown = []
    for email in emails:
        async with database.transaction(AccessContext()) as session:
            found = await sign_in.find(session, email_key(email))
            if found is None:
                unknown.append(email)
                continue
            async with acting_as(session, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=found.id)):
                await registration.verify_email(session, found.id)
    return unknown


async def _ensure_membership(session: AsyncSession, user_id: UUID) -> bool:
    query = select(Membership).where(Membership.tenant_id == PLATFORM_TENANT_ID, Membership.user_id == user_id)
    membership = (await session.scalars(query)).one_or_none()
    if membership is not None and membership.role == Role.SUPER_ADMIN:
        return False
    if membership is None:
        session.add(Membership(tenant_id=PLATFORM_TENANT_ID, user_id=user_id, role=Role.SUPER_ADMIN))
    else:
        membership.role = Role.SUPER_ADMIN
        membership.version += 1
    await session.flush()
    await audit.record(
        session,
        audit.AuditEntry(
            tenant_id=PLATFORM_TENANT_ID,
            action="user.set_role",
            resource_type="user",
            resource_id=user_id,
            details={"role": Role.SUPER_ADMIN, "by": "administration command"},
        ),
    )
    return True
