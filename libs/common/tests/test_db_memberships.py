"""People see the tenants and organizations that they are active members of, through the auth service's role alone."""

from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from database_callers import Acting

from accunode_common.db.access import SERVICE_ROLES, DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.people import Caller, World

JOIN = "insert into identity.memberships (tenant_id, id, user_id, organization_id, role) values (%s, %s, %s, %s, %s)"


@pytest.fixture
def twofold(world: World, superuser: psycopg.Connection) -> Caller:
    """A member of tenant one, signed in there, who is a member of tenant two's organization as well."""
    caller = world.one.org_member
    superuser.execute(JOIN, [world.two.id, new_id(), caller.user_id, world.two.organization_id, "org_member"])
    return caller


def ids(connection: psycopg.Connection, query: str) -> set[UUID]:
    return {found for (found,) in connection.execute(query.encode()).fetchall()}


def test_a_person_sees_the_tenants_and_organizations_of_their_own_memberships(
    world: World, twofold: Caller, acting: Acting
) -> None:
    with acting(twofold) as connection:
        assert ids(connection, "select id from tenancy.tenants") == {world.one.id, world.two.id}
        organizations = {world.one.organization_id, world.two.organization_id}
        assert ids(connection, "select id from tenancy.organizations") == organizations


def test_a_person_without_a_tenant_in_their_context_sees_their_memberships_and_no_more(
    world: World, twofold: Caller, acting: Acting
) -> None:
    with acting(twofold, tenant_id="", organization_id="", read_reach="own") as connection:
        assert ids(connection, "select id from tenancy.tenants") == {world.one.id, world.two.id}
        assert ids(connection, "select user_id from identity.memberships") == {twofold.user_id}


def test_nobody_sees_a_tenant_in_which_they_have_no_membership_nor_its_members(
    world: World, twofold: Caller, acting: Acting
) -> None:
    for caller in world.callers():
        if caller is world.super_admin or caller is twofold:
            continue
        other = world.one if caller.tenant_id == world.two.id else world.two
        with acting(caller) as connection:
            assert ids(connection, "select id from tenancy.tenants") == {caller.tenant_id}, caller.name
            where = f"where tenant_id = '{other.id}'"
            assert ids(connection, f"select id from tenancy.organizations {where}") == set(), caller.name
            seen = ids(connection, f"select user_id from identity.memberships {where}")
            assert seen == set(), caller.name


def test_a_membership_elsewhere_shows_its_tenant_and_none_of_its_other_members(
    world: World, twofold: Caller, acting: Acting
) -> None:
    with acting(twofold) as connection:
        where = f"where tenant_id = '{world.two.id}'"
        assert ids(connection, f"select user_id from identity.memberships {where}") == {twofold.user_id}
        people = ids(connection, "select id from identity.users")
        assert people == {who.user_id for who in (twofold, world.one.org_admin, world.one.other_member)}, (
            "people of the organization that the caller works in, and nobody of the other tenant"
        )


def test_a_suspended_membership_shows_nothing(
    world: World, twofold: Caller, acting: Acting, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "update identity.memberships set status = 'suspended' where user_id = %s and tenant_id = %s",
        [twofold.user_id, world.two.id],
    )
    with acting(twofold) as connection:
        assert ids(connection, "select id from tenancy.tenants") == {world.one.id}
        assert ids(connection, "select id from tenancy.organizations") == {world.one.organization_id}


def test_a_tenants_own_membership_shows_none_of_its_organizations(
    world: World, acting: Acting, superuser: psycopg.Connection
) -> None:
    admin = world.one.tenant_admin
    superuser.execute(JOIN, [world.two.id, new_id(), admin.user_id, None, "tenant_admin"])
    with acting(admin) as connection:
        found = ids(connection, f"select id from tenancy.organizations where tenant_id = '{world.two.id}'")
    assert found == set()


def test_without_a_person_no_membership_shows_anything(twofold: Caller, acting: Acting) -> None:
    nobody = replace(twofold, subject=replace(twofold.subject, tenant_id=PLATFORM_TENANT_ID, organization_id=None))
    with acting(nobody, user_id="", read_reach="own") as connection:
        assert ids(connection, "select id from tenancy.tenants") == {PLATFORM_TENANT_ID}
        assert ids(connection, "select id from tenancy.organizations") == set()


@pytest.mark.parametrize("role", [role for role in SERVICE_ROLES if role is not DatabaseRole.AUTH])
def test_no_other_service_sees_more_than_where_the_person_works(
    role: DatabaseRole, world: World, twofold: Caller, acting: Acting
) -> None:
    with acting(twofold, role) as connection:
        assert ids(connection, "select id from tenancy.tenants") == {world.one.id}
        assert ids(connection, "select id from tenancy.organizations") == {world.one.organization_id}
