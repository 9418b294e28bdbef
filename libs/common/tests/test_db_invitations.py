"""Whatever a service does, a membership is its owner's to take and an account its owner's to change."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from database_callers import ADD_MEMBER, PEOPLE_ROLES, Acting, refused

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.testing.people import World

ADD_INVITATION = (
    "insert into identity.invitations (tenant_id, id, organization_id, email, email_key, role, invited_by, token_hash,"
    " expires_at) values (%s, %s, %s, %s, %s, %s, %s, '', now() + %s)"
)


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_nobody_makes_another_person_a_member(world: World, acting: Acting, role: DatabaseRole) -> None:
    place = (world.one.id, world.one.organization_id)
    for caller in (world.one.org_admin, world.one.tenant_admin, world.super_admin):
        for target in (world.user, world.two.org_member, world.one.outsider):
            with acting(caller, role) as connection:
                add = [place[0], new_id(), target.user_id, place[1], "org_member"]
                assert refused(connection, ADD_MEMBER, add), f"{caller.name} adds {target.name}"


@pytest.mark.parametrize("role", PEOPLE_ROLES)
@pytest.mark.parametrize(
    "case", ["as invited", "higher", "elsewhere", "another's", "unverified", "expired", "withdrawn"]
)
def test_a_membership_is_what_its_person_was_invited_to(
    world: World, acting: Acting, superuser: psycopg.Connection, case: str, role: DatabaseRole
) -> None:
    who, invited = world.user, world.other_user if case == "another's" else world.user
    lifetime = timedelta(days=-1 if case == "expired" else 1)
    invitation = [world.one.id, new_id(), world.one.organization_id, invited.email, invited.email, "org_admin"]
    superuser.execute(ADD_INVITATION, [*invitation, world.one.org_admin.user_id, lifetime])
    if case == "unverified":
        superuser.execute("update identity.users set email_verified_at = null where id = %s", [who.user_id])
    if case == "withdrawn":
        superuser.execute("update identity.invitations set state = 'withdrawn' where id = %s", [invitation[1]])
    add: list[Any] = [world.one.id, new_id(), who.user_id, world.one.organization_id, "org_admin"]
    if case == "higher":
        add[3:] = [None, "tenant_admin"]
    if case == "elsewhere":
        add[3] = world.one.outsider.subject.organization_id
    with acting(who, role) as connection:
        assert refused(connection, ADD_MEMBER, add) is (case != "as invited")


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_an_invitation_is_seen_by_its_places_admins_and_the_owner_of_its_address(
    world: World, acting: Acting, superuser: psycopg.Connection, role: DatabaseRole
) -> None:
    invitation = new_id()
    row = [world.one.id, invitation, world.one.organization_id, world.user.email, world.user.email, "org_member"]
    superuser.execute(ADD_INVITATION, [*row, world.one.org_admin.user_id, timedelta(days=1)])
    readers = {world.one.org_admin, world.one.tenant_admin, world.super_admin, world.user}
    for caller in {*world.callers(), world.other_user}:
        with acting(caller, role) as connection:
            found = connection.execute("select id from identity.invitations where id = %s", [invitation]).fetchall()
            assert bool(found) is (caller in readers), caller.name


PERSONAL = (
    "password_hash = 'taken'",
    "email = 'mine@evil.example'",
    "email_key = 'mine@evil.example'",
    "email_verified_at = now() + interval '1 day'",
)
OTHERS_MATTER = ("status = 'deactivated'", "full_name = 'Renamed'", "locked_until = null", "failed_sign_ins = 0")


def test_an_account_is_its_owners(world: World, acting: Acting) -> None:
    target = world.one.org_member.user_id
    for caller in (world.one.org_admin, world.one.tenant_admin, world.two.tenant_admin):
        with acting(caller) as connection:
            for change in (*PERSONAL, *OTHERS_MATTER, f"managed_by_tenant_id = '{world.one.id}'"):
                change_it = f"update identity.users set {change} where id = %s"
                assert refused(connection, change_it, [target]), f"{caller.name}: {change}"
    with acting(world.one.org_member) as connection:
        own = connection.execute("update identity.users set password_hash = 'new' where id = %s", [target])
        assert own.rowcount == 1


def test_whoever_looks_after_an_account_sets_no_password_and_no_address(
    world: World, acting: Acting, superuser: psycopg.Connection
) -> None:
    target = world.one.org_member.user_id
    superuser.execute("update identity.users set managed_by_tenant_id = %s where id = %s", [world.one.id, target])
    for caller in (world.one.tenant_admin, world.super_admin):
        with acting(caller) as connection:
            for change in PERSONAL:
                assert refused(connection, f"update identity.users set {change} where id = %s", [target]), change
            for change in OTHERS_MATTER:
                assert not refused(connection, f"update identity.users set {change} where id = %s", [target]), change
    for caller in (world.one.org_admin, world.two.tenant_admin):
        with acting(caller) as connection:
            assert refused(connection, "update identity.users set full_name = '' where id = %s", [target])
    superuser.execute("delete from identity.memberships where user_id = %s", [target])
    with acting(world.one.tenant_admin) as connection:
        assert refused(connection, "update identity.users set full_name = '' where id = %s", [target])
