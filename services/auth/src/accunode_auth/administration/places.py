"""Where a role can be given: seats, scope and room."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.administration import repository
from accunode_auth.memberships import service as memberships
from accunode_common.auth.roles import GRANTS, Permission, Role, Seat, may_assign
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.db.session import Reach
from accunode_common.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableInputError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import Membership


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant, or one of its organizations."""

    tenant_id: UUID
    organization_id: UUID | None


def place_for(subject: Subject, role: Role, *, tenant_id: UUID | None, organization_id: UUID | None) -> Place:
    """The place that a request means, by the role's seat and the caller's reach.

    Raises:
        ForbiddenError: The caller may not give this role.
        NotFoundError: The place is out of the caller's reach.
        UnprocessableInputError: The role does not fit the place.
    """
    if not may_assign(subject.role, role):
        raise ForbiddenError("Nobody gives a role above their own.")
    platform_wide = subject.write_reach is Reach.PLATFORM
    if tenant_id is not None and tenant_id != subject.tenant_id and not platform_wide:
        raise NotFoundError("There is no such tenant.")
    tenant = tenant_id or subject.tenant_id
    seat = GRANTS[role].seat
    if (seat is Seat.PLATFORM) != (tenant == PLATFORM_TENANT_ID) or (seat is Seat.PLATFORM and not platform_wide):
        raise UnprocessableInputError.at("/body/role", "role_misplaced", "The role does not exist in that tenant.")
    if seat is not Seat.ORGANIZATION:
        if organization_id is not None:
            raise UnprocessableInputError.at(
                "/body/organization_id", "role_misplaced", "The role does not exist in an organization."
            )
        return Place(tenant, None)
    organization = organization_id or (subject.organization_id if tenant == subject.tenant_id else None)
    if organization is None:
        raise UnprocessableInputError.at("/body/organization_id", "missing", "The role needs an organization.")
    return Place(tenant, organization)


async def take_seat(db: AsyncSession, place: Place) -> None:
    """Make sure that the place exists and has room, until the transaction ends.

    Raises:
        NotFoundError: The place is not there, or out of the caller's reach.
        ConflictError: Every seat of the organization is taken.
    """
    await lock_members(db, place.tenant_id, place.organization_id)
    if await memberships.tenant_in_use(db, place.tenant_id) is None:
        raise NotFoundError("There is no such tenant.")
    if place.organization_id is None:
        return
    seats = await memberships.seats(db, place.tenant_id, place.organization_id)
    if seats is None:
        raise NotFoundError("There is no such organization.")
    if await repository.count_in(db, place.tenant_id, place.organization_id) >= seats:
        raise ConflictError(f"All {seats} seats of the organization are taken.")


async def guard_last_admin(db: AsyncSession, membership: Membership) -> None:
    """Do nothing unless the membership is the last of its tenant's administrators.

    Raises:
        ConflictError: It is.
    """
    if Permission.TENANT_UPDATE not in GRANTS[Role(membership.role)].permissions:
        return
    await lock_members(db, membership.tenant_id, None)
    if await repository.count_in(db, membership.tenant_id, None, role=membership.role) <= 1:
        raise ConflictError("A tenant keeps its last administrator.")
