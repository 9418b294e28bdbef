"""What joining, leaving and losing people comes to, decided without a database."""

from uuid import UUID

import pytest

from accunode_common.auth.roles import Role
from accunode_common.errors import AlreadyExistsError, ConflictError, ForbiddenError
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import Membership
from accunode_identity.administrators import losses
from accunode_identity.memberships import check_joining, manager_after
from accunode_identity.role_scopes import OpenScope, RoleScope
from accunode_identity.tenant_settings import TenantSettings

BANK, OTHER_BANK, CREDIT, TREASURY = (new_id() for _ in range(4))
ADA, BEN, CLEO = (new_id() for _ in range(3))


def held(role: Role, tenant_id: UUID = BANK, organization_id: UUID | None = None, *, user_id: UUID = ADA) -> Membership:
    return Membership(id=new_id(), tenant_id=tenant_id, user_id=user_id, organization_id=organization_id, role=role)


EVERYBODYS = held(Role.USER, PLATFORM_TENANT_ID)


def scope(seats: int | None = None) -> OpenScope:
    return OpenScope(
        BANK, CREDIT, tenant_name="Bank", organization_name="Credit", seats=seats, settings=TenantSettings()
    )


@pytest.mark.parametrize(("members", "room"), [(0, True), (2, True), (3, False), (4, False)])
def test_an_organization_has_room_until_its_seats_are_taken(members: int, room: bool) -> None:
    assert scope(seats=3).has_room(members) is room


def test_a_tenant_has_room_for_any_number_of_administrators() -> None:
    assert scope(seats=None).has_room(1_000_000)


def test_a_person_who_joins_keeps_what_they_were_given_elsewhere() -> None:
    elsewhere = held(Role.ORG_ADMIN, OTHER_BANK, TREASURY)
    assert check_joining([EVERYBODYS, elsewhere], scope(), Role.ORG_MEMBER) == [elsewhere]


def test_a_person_joins_another_organization_of_their_tenant() -> None:
    beside = held(Role.ORG_MEMBER, BANK, TREASURY)
    assert check_joining([beside], scope(), Role.ORG_MEMBER) == [beside]


def test_nobody_joins_twice() -> None:
    with pytest.raises(AlreadyExistsError):
        check_joining([held(Role.ORG_ADMIN, BANK, CREDIT)], scope(), Role.ORG_MEMBER)


def test_a_platform_administrator_joins_no_tenant() -> None:
    with pytest.raises(ForbiddenError):
        check_joining([held(Role.SUPER_ADMIN, PLATFORM_TENANT_ID)], scope(), Role.ORG_MEMBER)


def test_who_belongs_to_a_tenant_administers_no_platform() -> None:
    platform = RoleScope(PLATFORM_TENANT_ID, None)
    with pytest.raises(ConflictError):
        check_joining([EVERYBODYS, held(Role.ORG_MEMBER, BANK, CREDIT)], platform, Role.SUPER_ADMIN)


def test_who_belongs_to_nobody_may_administer_the_platform() -> None:
    assert check_joining([EVERYBODYS], RoleScope(PLATFORM_TENANT_ID, None), Role.SUPER_ADMIN) == []


@pytest.mark.parametrize(
    ("joined", "managed", "manager"),
    [
        ([], True, BANK),
        ([], False, None),
        ([held(Role.ORG_MEMBER, BANK, TREASURY)], True, BANK),
        ([held(Role.ORG_MEMBER, OTHER_BANK, TREASURY)], True, None),
        ([held(Role.ORG_MEMBER, OTHER_BANK, TREASURY)], False, None),
    ],
)
def test_a_tenant_manages_an_account_only_as_long_as_it_is_its_owners_only_one(
    joined: list[Membership], managed: bool, manager: UUID | None
) -> None:
    assert manager_after(joined, BANK, managed=managed) == manager


def test_a_tenant_that_loses_no_administrator_needs_no_other() -> None:
    assert losses([held(Role.ORG_MEMBER, BANK, CREDIT), held(Role.ORG_ADMIN, BANK, TREASURY), EVERYBODYS]) == {}


def test_of_each_tenant_that_loses_an_administrator_everybody_counts_who_goes() -> None:
    lost = [
        held(Role.TENANT_ADMIN, BANK, user_id=ADA),
        held(Role.ORG_MEMBER, BANK, CREDIT, user_id=BEN),
        held(Role.ORG_MEMBER, OTHER_BANK, TREASURY, user_id=ADA),
        held(Role.SUPER_ADMIN, PLATFORM_TENANT_ID, user_id=CLEO),
    ]
    assert losses(lost) == {BANK: {ADA, BEN}, PLATFORM_TENANT_ID: {CLEO}}
