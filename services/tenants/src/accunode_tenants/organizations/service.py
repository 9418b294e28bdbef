"""What may be done with organizations."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    UnprocessableInputError,
)
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.tenancy import Organization
from accunode_identity.tenant_settings import settings_of
from accunode_tenants.members import service as members
from accunode_tenants.organizations import repository
from accunode_tenants.organizations.schemas import OrganizationChange, OrganizationIn, OrganizationOut
from accunode_tenants.scope import reaches_every_tenant
from accunode_tenants.tenants import service as tenants
from accunode_tenants.whitelist import service as whitelist

SORTING = Sorting(
    {"name": Organization.name_key, "created_at": Organization.created_at}, default="name", key=Organization.id
)


async def list_page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    tenant_id: UUID | None,
    search: str | None,
) -> PageOf[Organization]:
    """The organizations that the caller sees."""
    return await repository.page(session, subject, order, paging, tenant_id=tenant_id, search=search)


async def get(session: AsyncSession, subject: Subject, organization_id: UUID) -> Organization:
    """The organization.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await repository.find(session, subject, organization_id)


async def show(session: AsyncSession, organizations: Sequence[Organization]) -> list[OrganizationOut]:
    """The organizations with how many members they have."""
    counts = await repository.counts(session, [organization.id for organization in organizations])
    return [
        OrganizationOut(
            id=organization.id,
            tenant_id=organization.tenant_id,
            name=organization.name,
            max_users=organization.max_users,
            members=counts.get(organization.id, 0),
            global_data_access=organization.global_data_access,
            join_token_created_at=organization.join_token_created_at,
            created_at=organization.created_at,
            updated_at=organization.updated_at,
        )
        for organization in organizations
    ]


async def create(session: AsyncSession, subject: Subject, trail: Trail, body: OrganizationIn) -> Organization:
    """A new organization.

    Raises:
        NotFoundError: The caller sees no such tenant.
        ConflictError: The tenant is not in use.
        AlreadyExistsError: The tenant has an organization of that name.
        UnprocessableInputError: The platform did not say for which tenant.
    """
    if body.tenant_id is None and reaches_every_tenant(subject):
        raise UnprocessableInputError.at("/body/tenant_id", "missing", "Say for which tenant.")
    tenant = await tenants.require_active(session, subject, body.tenant_id or subject.tenant_id)
    seats = body.max_users or settings_of(tenant.settings).default_seats
    organization = await repository.add(session, {"tenant_id": tenant.id, "name": body.name, "max_users": seats})
    if organization is None:
        raise AlreadyExistsError("The tenant has an organization of this name.")
    await trail.record(
        session,
        "organization.create",
        "organization",
        organization.id,
        tenant_id=tenant.id,
        details={"name": body.name, "max_users": seats},
    )
    return organization


async def change(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    organization_id: UUID,
    body: OrganizationChange,
    condition: Conditional,
) -> Organization:
    """The changed organization.

    Raises:
        NotFoundError: There is none that the caller may change.
        StaleVersionError: It has changed meanwhile.
        ForbiddenError: The caller may not change its seats.
        ConflictError: It has more members than the new seats.
    """
    if body.max_users is not None:
        await lock_members(session, (await get(session, subject, organization_id)).tenant_id)
    organization = await repository.find_to_change(session, subject, organization_id)
    condition.check(organization.version)
    if body.max_users is not None:
        if not subject.may(Permission.ORGANIZATION_CREATE):
            raise ForbiddenError("Only the tenant's administrators change the seats.")
        taken = await members.count(session, organization)
        if taken > body.max_users:
            raise ConflictError(f"The organization has {taken} members.")
    organization = await repository.change(session, organization, body.values())
    await trail.record(
        session,
        "organization.update",
        "organization",
        organization.id,
        tenant_id=organization.tenant_id,
        details=body.values(),
    )
    return organization


async def delete(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    revocations: Revocations,
    organization_id: UUID,
    condition: Conditional,
) -> None:
    """Close an organization: memberships, whitelist and join token go, its records stay for the tenant's admins.

    Raises:
        NotFoundError: There is none that the caller may change.
        StaleVersionError: It has changed meanwhile.
    """
    await lock_members(session, (await get(session, subject, organization_id)).tenant_id)
    organization = await repository.find_to_change(session, subject, organization_id)
    condition.check(organization.version)
    removed = await members.remove_all(session, revocations, organization)
    await whitelist.clear(session, organization)
    await repository.change(
        session,
        organization,
        {
            "deleted_at": datetime.now(UTC),
            "join_token_hash": None,
            "join_token_created_at": None,
            "global_data_access": False,
        },
    )
    await trail.record(
        session,
        "organization.delete",
        "organization",
        organization.id,
        tenant_id=organization.tenant_id,
        details={"members_removed": removed},
    )


async def set_sharing(
    session: AsyncSession, subject: Subject, trail: Trail, organization_id: UUID, condition: Conditional, *, on: bool
) -> Organization:
    """Let the organization's members see the system's records, or not.

    Raises:
        NotFoundError: There is none that the caller may change.
        StaleVersionError: It has changed meanwhile.
    """
    organization = await repository.find_to_change(session, subject, organization_id)
    condition.check(organization.version)
    organization = await repository.change(session, organization, {"global_data_access": on})
    await trail.record(
        session,
        "organization.set_global_data_access",
        "organization",
        organization.id,
        tenant_id=organization.tenant_id,
        details={"enabled": on},
    )
    return organization


async def set_join_token(
    session: AsyncSession, subject: Subject, organization_id: UUID, token_hash: bytes | None
) -> Organization:
    """Keep the hash of a new join token, or of none.

    Raises:
        NotFoundError: There is none that the caller may change.
    """
    organization = await repository.find_to_change(session, subject, organization_id)
    made_at = None if token_hash is None else datetime.now(UTC)
    return await repository.change(
        session, organization, {"join_token_hash": token_hash, "join_token_created_at": made_at}
    )


async def join_token_hash(session: AsyncSession, tenant_id: UUID, organization_id: UUID) -> bytes | None:
    """The hash of the join token of the organization that the transaction's context names."""
    return await repository.join_token_hash(session, tenant_id, organization_id)
