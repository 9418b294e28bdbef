"""A tenant's people and invited addresses, as its directory knows them. The transaction's context is the tenant's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Subquery,
    Uuid,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.emails import email_key
from accunode_common.models.identity import Membership, MembershipStatus, RoleName, User, UserStatus
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_common.models.provisioning import ScimUser
from accunode_common.models.tenancy import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody in the directory's sight.

    Attributes:
        id: What the directory calls them; it stays.
        user_id: The person; None for an address that is nobody's here yet.
        row_id: What is kept of the directory's words, if anything.
        managed: Whether the tenant manages the account.
        full_name: What the person calls themselves.
        invited: Whether the address has an open invitation.
        declined: Whether its owner declined.
    """

    id: UUID
    user_id: UUID | None
    row_id: UUID | None
    email: str
    external_id: str | None
    display_name: str | None
    name: dict[str, Any] | None
    full_name: str
    managed: bool
    active: bool
    invitation_id: UUID | None
    invited: bool
    declined: bool
    created_at: datetime
    updated_at: datetime


def _joined(tenant_id: UUID) -> ColumnElement[bool]:
    return and_(Membership.tenant_id == tenant_id, Membership.user_id == User.id, Membership.role != RoleName.USER)


def _entries(tenant_id: UUID) -> Subquery:
    """People with a membership in the tenant, and the addresses that are on their way."""
    rows = (
        select(
            ScimUser,
            func.coalesce(ScimUser.user_id, Invitation.accepted_by).label("person_id"),
            func.coalesce(
                and_(Invitation.state == InvitationState.PENDING, Invitation.expires_at > func.now()), false()
            ).label("invited"),
            func.coalesce(Invitation.state == InvitationState.DECLINED, false()).label("declined"),
        )
        .outerjoin(
            Invitation, and_(Invitation.tenant_id == ScimUser.tenant_id, Invitation.id == ScimUser.invitation_id)
        )
        .where(ScimUser.tenant_id == tenant_id)
        .subquery()
    )
    member = and_(exists(select(Membership.id).where(_joined(tenant_id))), User.status != UserStatus.ANONYMISED)
    works = exists(select(Membership.id).where(_joined(tenant_id), Membership.status == MembershipStatus.ACTIVE))
    since = select(func.min(Membership.created_at)).where(_joined(tenant_id)).correlate(User).scalar_subquery()
    changed = select(func.max(Membership.updated_at)).where(_joined(tenant_id)).correlate(User).scalar_subquery()
    people = (
        select(
            func.coalesce(rows.c.id, User.id).label("id"),
            User.id.label("user_id"),
            rows.c.id.label("row_id"),
            User.email.label("email"),
            User.email_key.label("email_key"),
            rows.c.external_id,
            rows.c.display_name,
            rows.c.name,
            User.full_name.label("full_name"),
            (func.coalesce(User.managed_by_tenant_id == tenant_id, false())).label("managed"),
            and_(User.status == UserStatus.ACTIVE, works).label("active"),
            rows.c.invitation_id,
            rows.c.invited,
            rows.c.declined,
            func.least(since, rows.c.created_at).label("created_at"),
            func.greatest(changed, rows.c.updated_at).label("updated_at"),
        )
        .outerjoin(
            rows,
            or_(rows.c.person_id == User.id, and_(rows.c.person_id.is_(None), rows.c.email_key == User.email_key)),
        )
        .where(member)
        .ext(distinct_on(User.id))
        .order_by(User.id, rows.c.id.desc().nullslast())
        .subquery()
    )
    waiting = select(
        rows.c.id,
        cast(null(), Uuid),
        rows.c.id,
        rows.c.email,
        rows.c.email_key,
        rows.c.external_id,
        rows.c.display_name,
        rows.c.name,
        literal(""),
        false(),
        false(),
        rows.c.invitation_id,
        rows.c.invited,
        rows.c.declined,
        rows.c.created_at,
        rows.c.updated_at,
    ).where(rows.c.person_id.is_(None), ~exists(select(User.id).where(member, User.email_key == rows.c.email_key)))
    return union_all(select(people), waiting).subquery()


def _condition(entries: Subquery, attribute: str, value: str | bool) -> ColumnElement[bool]:
    if attribute == "active":
        return entries.c.active.is_(bool(value))
    text = str(value)
    if attribute == "userName":
        return entries.c.email_key == email_key(text)
    if attribute == "externalId":
        return entries.c.external_id == text
    try:
        return entries.c.id == UUID(text)
    except ValueError:
        return false()


async def find_all(
    session: AsyncSession, tenant_id: UUID, conditions: Sequence[tuple[str, str | bool]], *, offset: int, limit: int
) -> tuple[list[Entry], int]:
    """One page of those who fit every condition, and how many fit."""
    entries = _entries(tenant_id)
    fitting = and_(true(), *(_condition(entries, *condition) for condition in conditions))
    total = await session.scalar(select(func.count()).select_from(entries).where(fitting)) or 0
    columns = [entries.c[name] for name in Entry.__dataclass_fields__]
    page = select(*columns).where(fitting).order_by(entries.c.id).offset(offset).limit(limit)
    return [_entry(row) for row in (await session.execute(page)).mappings()], total


def _entry(row: Any) -> Entry:
    flags = {name: bool(row[name]) for name in ("invited", "declined")}
    return Entry(**{**row, **flags})


async def find(session: AsyncSession, tenant_id: UUID, entry_id: UUID) -> Entry | None:
    """The one of that id."""
    found, _ = await find_all(session, tenant_id, [("id", str(entry_id))], offset=0, limit=1)
    return found[0] if found else None


async def memberships(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> Sequence[Membership]:
    """The person's memberships in the tenant, without the one that every account has."""
    query = select(Membership).where(
        Membership.tenant_id == tenant_id, Membership.user_id == user_id, Membership.role != RoleName.USER
    )
    return (await session.scalars(query.order_by(Membership.id).execution_options(populate_existing=True))).all()


async def pending_invitation(
    session: AsyncSession, tenant_id: UUID, organization_id: UUID, address_key: str
) -> Invitation | None:
    """The open invitation of an address to an organization."""
    query = select(Invitation).where(
        Invitation.tenant_id == tenant_id,
        Invitation.organization_id == organization_id,
        Invitation.email_key == address_key,
        Invitation.state == InvitationState.PENDING,
        Invitation.expires_at > func.now(),
    )
    return (await session.scalars(query)).one_or_none()


async def invitation(session: AsyncSession, tenant_id: UUID, invitation_id: UUID) -> Invitation | None:
    """The tenant's invitation of that id."""
    query = select(Invitation).where(Invitation.tenant_id == tenant_id, Invitation.id == invitation_id)
    return (await session.scalars(query)).one_or_none()


async def row(session: AsyncSession, tenant_id: UUID, row_id: UUID) -> ScimUser | None:
    """The row of what a directory says of somebody."""
    query = select(ScimUser).where(ScimUser.tenant_id == tenant_id, ScimUser.id == row_id)
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def forget_address(session: AsyncSession, tenant_id: UUID, address_key: str) -> None:
    """Remove what is kept of people of that address who are gone."""
    await session.execute(delete(ScimUser).where(ScimUser.tenant_id == tenant_id, ScimUser.email_key == address_key))


async def forget(session: AsyncSession, tenant_id: UUID, entry: Entry) -> None:
    """Remove all that the directory said of somebody."""
    accepted = select(Invitation.id).where(Invitation.tenant_id == tenant_id, Invitation.accepted_by == entry.user_id)
    same = or_(ScimUser.id == entry.id, ScimUser.user_id == entry.user_id, ScimUser.invitation_id.in_(accepted))
    await session.execute(delete(ScimUser).where(ScimUser.tenant_id == tenant_id, same))


async def rename(session: AsyncSession, tenant_id: UUID, user_id: UUID, full_name: str) -> bool:
    """Change the name of an account that the tenant manages; gives whether it is another one."""
    query = (
        update(User)
        .where(User.id == user_id, User.managed_by_tenant_id == tenant_id, User.full_name != full_name)
        .values(full_name=full_name, version=User.version + 1, updated_at=func.now())
        .returning(User.id)
    )
    return await session.scalar(query) is not None


async def organizations(
    session: AsyncSession, tenant_id: UUID, conditions: Sequence[tuple[str, str]], *, offset: int, limit: int
) -> tuple[Sequence[Organization], int]:
    """One page of the tenant's organizations that fit every condition, and how many fit."""
    fitting = and_(
        Organization.tenant_id == tenant_id,
        Organization.deleted_at.is_(None),
        *(_organization_condition(*condition) for condition in conditions),
    )
    total = await session.scalar(select(func.count()).select_from(Organization).where(fitting)) or 0
    page = select(Organization).where(fitting).order_by(Organization.id).offset(offset).limit(limit)
    return (await session.scalars(page)).all(), total


def _organization_condition(attribute: str, value: str) -> ColumnElement[bool]:
    if attribute == "displayName":
        return func.lower(Organization.name) == value.lower()
    try:
        return Organization.id == UUID(value)
    except ValueError:
        return false()


async def members(
    session: AsyncSession, tenant_id: UUID, organization_ids: Sequence[UUID]
) -> list[tuple[Entry, Membership]]:
    """Who belongs to the organizations, with the memberships there."""
    entries, names = _entries(tenant_id), list(Entry.__dataclass_fields__)
    query = (
        select(Membership, *(entries.c[name] for name in names))
        .join(entries, entries.c.user_id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.organization_id.in_(organization_ids),
            Membership.role != RoleName.USER,
        )
        .order_by(entries.c.id)
    )
    rows = (await session.execute(query.execution_options(populate_existing=True))).all()
    return [(_entry(dict(zip(names, row[1:], strict=True))), row[0]) for row in rows]


async def save(session: AsyncSession, row: ScimUser) -> None:
    """Write a directory's entry, new or changed."""
    session.add(row)
    await session.flush()


async def note_invitation(session: AsyncSession, row: ScimUser, invitation_id: UUID) -> None:
    """Note the invitation of an entry's address."""
    row.invitation_id = invitation_id
    await session.flush()
