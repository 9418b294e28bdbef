"""What may be done with tenants."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    UnprocessableInputError,
)
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.invitations import Invitation
from accunode_common.models.tenancy import Tenant, TenantStatus
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.second_factor import stamped
from accunode_identity.session_revocation import revoke_tenant
from accunode_identity.tenant_settings import settings_of
from accunode_tenants.admins import service as admins
from accunode_tenants.tenants import repository
from accunode_tenants.tenants.master_scale import GradeOut
from accunode_tenants.tenants.repository import Stats
from accunode_tenants.tenants.schemas import SettingsOut, TenantChange, TenantIn, TenantOut

SORTING = Sorting({"name": Tenant.name, "created_at": Tenant.created_at}, default="name", key=Tenant.id)


async def list_page(
    session: AsyncSession, order: SortOrder, paging: PageParameters, *, status: TenantStatus | None, search: str | None
) -> PageOf[Tenant]:
    """Every tenant."""
    return await repository.page(session, order, paging, status=status, search=search)


async def get(session: AsyncSession, subject: Subject, tenant_id: UUID) -> Tenant:
    """The tenant.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await repository.find(session, subject, tenant_id)


async def require_active(session: AsyncSession, subject: Subject, tenant_id: UUID) -> Tenant:
    """The tenant, which is in use.

    Raises:
        NotFoundError: There is none that the caller sees.
        ConflictError: It is suspended or deleted.
    """
    tenant = await get(session, subject, tenant_id)
    if tenant.status != TenantStatus.ACTIVE:
        raise ConflictError(f"The tenant is {tenant.status}.")
    return tenant


async def show(session: AsyncSession, tenants: Sequence[Tenant]) -> list[TenantOut]:
    """The tenants with their counts."""
    counts = await repository.counts(session, [tenant.id for tenant in tenants])
    return [
        TenantOut(
            id=tenant.id,
            name=tenant.name,
            slug=tenant.slug,
            status=TenantStatus(tenant.status),
            settings=SettingsOut.model_validate(settings_of(tenant.settings)),
            master_scale=GradeOut.stored(tenant.master_scale),
            users=counts[tenant.id][0],
            organizations=counts[tenant.id][1],
            created_at=tenant.created_at,
            updated_at=tenant.updated_at,
            deleted_at=tenant.deleted_at,
            purge_after=tenant.purge_after,
        )
        for tenant in tenants
    ]


async def create(
    session: AsyncSession, subject: Subject, trail: Trail, mails: InvitationMailer, body: TenantIn
) -> tuple[Tenant, Invitation | None]:
    """A new tenant and, if one is named, the invitation of its first administrator.

    Raises:
        AlreadyExistsError: The name or the slug is taken.
        UnprocessableInputError: No slug can be made from the name.
    """
    slug = body.slug or _slug(body.name)
    tenant = await repository.add(
        session,
        {
            "name": body.name,
            "slug": slug,
            "settings": stamped({}, body.settings.model_dump(mode="json"), datetime.now(UTC)),
        },
    )
    if tenant is None and await repository.has_name(session, body.name):
        raise _name_taken(body.name)
    if tenant is None:
        raise AlreadyExistsError(f"The slug {slug} is taken; give another.")
    await trail.record(
        session, "tenant.create", "tenant", tenant.id, tenant_id=tenant.id, details={"name": body.name, "slug": slug}
    )
    if body.admin is None:
        return tenant, None
    return tenant, await admins.invite(session, subject, trail, mails, tenant.id, body.admin.email)


def _name_taken(name: str) -> AlreadyExistsError:
    return AlreadyExistsError(f"There is a tenant named {name} already; give another name.")


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-")
    if not slug:
        raise UnprocessableInputError.at("/body/slug", "missing", "No slug can be made from this name; give one.")
    return slug


async def change(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    revocations: Revocations,
    tenant_id: UUID,
    body: TenantChange,
    condition: Conditional,
) -> Tenant:
    """The changed tenant; suspending it ends its people's sessions.

    Raises:
        NotFoundError: There is none that the caller sees.
        StaleVersionError: It has changed meanwhile.
        ForbiddenError: The caller may not change its status or its name: as names are unique among all tenants, one
            that is refused would tell a tenant who else is here.
        AlreadyExistsError: Another tenant has the name.
    """
    if body.status is not None:
        await lock_members(session, tenant_id)
    tenant = await repository.find_to_change(session, subject, tenant_id)
    condition.check(tenant.version)
    values = body.model_dump(mode="json", exclude_unset=True)
    if body.name is not None and not subject.may(Permission.TENANT_CREATE):
        raise ForbiddenError("Only the platform renames tenants.")
    if body.status is not None:
        if not subject.may(Permission.TENANT_DELETE):
            raise ForbiddenError("Only the platform suspends tenants and brings them back.")
        values |= {"deleted_at": None, "purge_after": None}
    if body.settings is not None:
        chosen = body.settings.model_dump(mode="json", exclude_unset=True)
        values["settings"] = stamped(tenant.settings, chosen, datetime.now(UTC))
    name = body.name or tenant.name
    try:
        tenant = await repository.change(session, tenant, values)
    except IntegrityError:
        raise _name_taken(name) from None
    await trail.record(
        session,
        "tenant.update",
        "tenant",
        tenant.id,
        tenant_id=tenant.id,
        details=body.model_dump(mode="json", exclude_unset=True),
    )
    if tenant.status != TenantStatus.ACTIVE:
        await revoke_tenant(session, revocations, tenant.id)
    return tenant


async def delete(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    revocations: Revocations,
    tenant_id: UUID,
    condition: Conditional,
    *,
    purge_days: int,
) -> Tenant:
    """The tenant, deleted but kept until its purge; its people's sessions end.

    Raises:
        NotFoundError: There is none that the caller sees.
        StaleVersionError: It has changed meanwhile.
        ConflictError: It is deleted already.
    """
    await lock_members(session, tenant_id)
    tenant = await repository.find_to_change(session, subject, tenant_id)
    condition.check(tenant.version)
    if tenant.status == TenantStatus.DELETED:
        raise ConflictError("The tenant is deleted already.")
    now = datetime.now(UTC)
    purge_after = now + timedelta(days=purge_days)
    tenant = await repository.change(
        session, tenant, {"status": TenantStatus.DELETED, "deleted_at": now, "purge_after": purge_after}
    )
    await trail.record(
        session,
        "tenant.delete",
        "tenant",
        tenant.id,
        tenant_id=tenant.id,
        details={"purge_after": purge_after.isoformat()},
    )
    await revoke_tenant(session, revocations, tenant.id)
    return tenant


async def stats(session: AsyncSession, subject: Subject, tenant_id: UUID) -> Stats:
    """How much the tenant holds.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    tenant = await get(session, subject, tenant_id)
    within = AccessContext(tenant_id=tenant.id, user_id=subject.user_id, read_reach=Reach.TENANT)
    async with acting_as(session, within):
        return await repository.stats(session, tenant.id)
