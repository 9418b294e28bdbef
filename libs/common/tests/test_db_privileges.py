"""Nobody raises their own power, or reaches another tenant's people, jobs or trail, through any database role."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from database_callers import ADD_MEMBER, PEOPLE_ROLES, Acting, refused
from psycopg import errors as pg

from accunode_common.auth.roles import GRANTS, Role
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_nobody_gives_themselves_a_higher_role(world: World, acting: Acting, role: DatabaseRole) -> None:
    for caller in world.callers():
        if caller is world.super_admin:
            continue
        higher = [name for name in Role if GRANTS[name].rank > GRANTS[caller.subject.role].rank]
        with acting(caller, role) as connection:
            for wanted in higher:
                change = "update identity.memberships set role = %s where id = %s"
                assert refused(connection, change, [wanted, caller.membership_id]), f"{caller.name} as {wanted}"
                for organization in (None, caller.subject.organization_id):
                    add = [caller.tenant_id, new_id(), caller.user_id, organization, wanted]
                    assert refused(connection, ADD_MEMBER, add), f"{caller.name} added as {wanted}"


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_members_change_nobodys_membership(world: World, acting: Acting, role: DatabaseRole) -> None:
    for caller in (world.one.org_member, world.user):
        with acting(caller, role) as connection:
            for other in (world.one.other_member, world.one.org_admin, world.two.org_member, world.other_user):
                assert refused(
                    connection, "update identity.memberships set version = 2 where id = %s", [other.membership_id]
                )
                assert refused(connection, "delete from identity.memberships where id = %s", [other.membership_id])


def test_an_organizations_admin_manages_its_members_and_no_others(world: World, acting: Acting) -> None:
    with acting(world.one.org_admin) as connection:
        promote = "update identity.memberships set role = 'org_admin' where id = %s"
        assert not refused(connection, promote, [world.one.other_member.membership_id])
        for other in (world.one.outsider, world.one.tenant_admin, world.two.org_member, world.super_admin):
            assert refused(connection, promote, [other.membership_id])
            assert refused(connection, "delete from identity.memberships where id = %s", [other.membership_id])
        elsewhere = world.one.outsider.subject.organization_id
        for place in ((world.one.id, elsewhere), (world.two.id, world.two.organization_id), (world.one.id, None)):
            assert refused(connection, ADD_MEMBER, [place[0], new_id(), world.user.user_id, place[1], "org_member"])


def test_a_tenants_admin_stays_in_the_tenant(world: World, acting: Acting) -> None:
    with acting(world.one.tenant_admin) as connection:
        for other in (world.two.org_member, world.two.tenant_admin, world.super_admin, world.user):
            assert refused(connection, "delete from identity.memberships where id = %s", [other.membership_id])
        assert refused(connection, ADD_MEMBER, [world.two.id, new_id(), world.user.user_id, None, "user"])
        assert refused(connection, ADD_MEMBER, [world.one.id, new_id(), world.user.user_id, None, "super_admin"])


@pytest.mark.parametrize("column", ["tenant_id", "user_id"])
@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_a_membership_never_leaves_its_tenant_or_its_person(
    world: World, acting: Acting, column: str, role: DatabaseRole
) -> None:
    with acting(world.super_admin, role) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(f"update identity.memberships set {column} = {column}")


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_only_the_tenants_admins_move_a_membership_between_its_organizations(
    world: World, acting: Acting, role: DatabaseRole
) -> None:
    move = "update identity.memberships set organization_id = %s where id = %s"
    there, moved = world.one.outsider.subject.organization_id, world.one.other_member.membership_id
    for caller in (world.one.org_admin, world.one.other_member, world.two.tenant_admin, world.user):
        with acting(caller, role) as connection:
            assert refused(connection, move, [there, moved]), caller.name
    with acting(world.one.tenant_admin, role) as connection:
        assert not refused(connection, move, [there, moved])
        with pytest.raises(pg.ForeignKeyViolation):
            connection.execute(move, [world.two.organization_id, moved])


@pytest.mark.parametrize(
    ("tenant", "organization", "role"),
    [
        ("platform", None, "tenant_admin"),
        ("one", None, "super_admin"),
        ("one", None, "org_admin"),
        ("one", "its", "tenant_admin"),
        ("one", "its", "user"),
    ],
)
def test_a_role_fits_its_place(
    world: World, superuser: psycopg.Connection, tenant: str, organization: str | None, role: str
) -> None:
    tenant_id = PLATFORM_TENANT_ID if tenant == "platform" else world.one.id
    organization_id = world.one.organization_id if organization else None
    with pytest.raises(pg.CheckViolation, match="role_fits_place"):
        superuser.execute(ADD_MEMBER, [tenant_id, new_id(), world.other_user.user_id, organization_id, role])


def test_who_joins_becomes_a_member_of_that_organization_only(world: World, acting: Acting) -> None:
    place = {"tenant_id": str(world.one.id), "organization_id": str(world.one.organization_id)}
    with acting(world.user, DatabaseRole.TENANTS, **place) as connection:
        user_id, elsewhere = world.user.user_id, world.one.outsider.subject.organization_id
        assert refused(connection, ADD_MEMBER, [world.one.id, new_id(), user_id, elsewhere, "org_member"])
        assert refused(
            connection, ADD_MEMBER, [world.one.id, new_id(), user_id, world.one.organization_id, "org_admin"]
        )
        assert refused(
            connection,
            ADD_MEMBER,
            [world.one.id, new_id(), world.other_user.user_id, world.one.organization_id, "org_member"],
        )
        assert not refused(
            connection, ADD_MEMBER, [world.one.id, new_id(), user_id, world.one.organization_id, "org_member"]
        )


def visible_people(connection: psycopg.Connection) -> set[UUID]:
    return {user_id for (user_id,) in connection.execute("select id from identity.users").fetchall()}


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_admins_see_the_people_of_their_own_scope(world: World, acting: Acting, role: DatabaseRole) -> None:
    one = world.one
    organization = {one.org_admin.user_id, one.org_member.user_id, one.other_member.user_id}
    expected = {
        one.org_admin: organization,
        one.tenant_admin: organization | {one.tenant_admin.user_id, one.outsider.user_id},
        world.user: {world.user.user_id},
    }
    for caller, people in expected.items():
        with acting(caller, role) as connection:
            assert visible_people(connection) == people, caller.name


def test_an_anonymised_person_does_not_come_back(world: World, acting: Acting) -> None:
    target = world.one.org_member.user_id
    with acting(world.super_admin) as connection:
        connection.execute(
            "update identity.users set status = 'anonymised', email = 'gone', email_key = %s, password_hash = null"
            " where id = %s",
            [f"gone-{target}", target],
        )
        with pytest.raises(pg.InsufficientPrivilege, match="stays so"):
            connection.execute("update identity.users set status = 'active' where id = %s", [target])


def test_the_tenants_service_sees_no_password_hash(world: World, acting: Acting) -> None:
    with acting(world.super_admin, DatabaseRole.TENANTS) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute("select password_hash from identity.users")


def test_nobody_opens_or_ends_anothers_sessions(world: World, acting: Acting) -> None:
    member, admin = world.one.org_member, world.one.org_admin
    add = (
        "insert into identity.sessions (id, user_id, membership_tenant_id, membership_id, expires_at)"
        " values (%s, %s, %s, %s, now())"
    )
    with acting(member) as connection:
        session_id = new_id()
        connection.execute(add, [session_id, member.user_id, member.tenant_id, member.membership_id])
        connection.commit()
    end = "update identity.sessions set revoked_at = now() where id = %s"
    with acting(admin) as connection:
        assert refused(connection, add, [new_id(), member.user_id, member.tenant_id, member.membership_id])
    for other in (
        admin,
        world.one.tenant_admin,
        world.super_admin,
        world.one.other_member,
        world.two.org_admin,
        world.user,
    ):
        with acting(other) as connection:
            assert refused(connection, end, [session_id]), other.name


def test_a_tenants_admin_does_not_change_its_tenants_status(
    world: World, acting: Acting, superuser: psycopg.Connection
) -> None:
    with acting(world.one.tenant_admin, DatabaseRole.TENANTS) as connection:
        assert not refused(connection, "update tenancy.tenants set name = 'New' where id = %s", [world.one.id])
        for change in ("status = 'suspended'", "deleted_at = now()", "purge_after = now()"):
            assert refused(connection, f"update tenancy.tenants set {change} where id = %s", [world.one.id])
        assert refused(connection, "update tenancy.tenants set name = 'New' where id = %s", [world.two.id])
    superuser.execute("update tenancy.tenants set status = 'suspended' where id = %s", [world.one.id])
    with acting(world.one.tenant_admin, DatabaseRole.TENANTS) as connection:
        assert refused(connection, "update tenancy.tenants set status = 'active' where id = %s", [world.one.id])


def job_values(caller: Caller, **changes: Any) -> list[Any]:
    access = caller.subject.access
    values = {
        "tenant_id": access.tenant_id,
        "id": new_id(),
        "created_by": access.user_id,
        "organization_id": access.organization_id,
        "submitter": access.organization_id,
        "read_reach": access.read_reach.value,
        "write_reach": access.write_reach.value,
        **changes,
    }
    return list(values.values())


ADD_JOB = (
    "insert into bulk.jobs (tenant_id, id, created_by, organization_id, submitter_organization_id, read_reach,"
    " write_reach, access_level, type) values (%s, %s, %s, %s, %s, %s, %s, 'organization', 'bulk_upload')"
)


def test_a_job_reaches_no_further_than_its_submitter(world: World, acting: Acting) -> None:
    member = world.one.org_member
    forgeries: list[dict[str, Any]] = [
        {"read_reach": "platform"},
        {"write_reach": "organization"},
        {"submitter": world.one.outsider.subject.organization_id},
        {"created_by": world.one.org_admin.user_id},
        {"tenant_id": world.two.id},
    ]
    with acting(member, DatabaseRole.BULK) as connection:
        for forged in forgeries:
            assert refused(connection, ADD_JOB, job_values(member, **forged)), forged
        assert not refused(connection, ADD_JOB, job_values(member))
        for column in ("read_reach", "write_reach", "created_by", "submitter_organization_id"):
            with pytest.raises(pg.InsufficientPrivilege), connection.transaction():
                connection.execute(f"update bulk.jobs set {column} = {column}")


def test_a_colleague_reads_a_jobs_chunks_and_changes_none(world: World, acting: Acting) -> None:
    member = world.one.org_member
    values = job_values(member)
    with acting(member, DatabaseRole.BULK) as connection:
        connection.execute(ADD_JOB, values)
        connection.commit()
    with acting(member, DatabaseRole.WORKER) as connection:
        connection.execute(
            "insert into bulk.chunks (tenant_id, job_id, number, rows) values (%s, %s, 1, 10)",
            [member.tenant_id, values[1]],
        )
        connection.commit()
    cancel = "update bulk.chunks set state = 'cancelled' where job_id = %s"
    with acting(world.one.other_member, DatabaseRole.BULK) as connection:
        assert connection.execute("select 1 from bulk.chunks where job_id = %s", [values[1]]).fetchone()
        assert refused(connection, cancel, [values[1]])
    with acting(world.two.org_admin, DatabaseRole.WORKER) as connection:
        assert refused(connection, cancel, [values[1]])
    with acting(world.one.org_admin, DatabaseRole.BULK) as connection:
        assert not refused(connection, cancel, [values[1]])


def test_the_relay_sees_every_tenants_jobs_and_chunks(
    world: World, acting: Acting, test_database: TestDatabase
) -> None:
    for member in (world.one.org_member, world.two.org_member):
        with acting(member, DatabaseRole.BULK) as connection:
            connection.execute(ADD_JOB, job_values(member))
            connection.commit()
    with psycopg.connect(test_database.url(DatabaseRole.RELAY)) as connection:
        seen = connection.execute("select distinct tenant_id from bulk.jobs").fetchall()
        connection.execute("select tenant_id, number, state from bulk.chunks")
        with pytest.raises(pg.InsufficientPrivilege):
            connection.execute("select file_name from bulk.jobs")
    assert {(world.one.id,), (world.two.id,)} <= set(seen)


ADD_EVENT = (
    "insert into audit.events (tenant_id, id, action, resource_type, actor_id) values (%s, %s, 'test.try', 'test', %s)"
)


@pytest.mark.parametrize("role", [DatabaseRole.AUTH, DatabaseRole.TENANTS, DatabaseRole.BULK, DatabaseRole.WORKER])
def test_the_trail_is_written_in_ones_own_name_and_tenant(world: World, acting: Acting, role: DatabaseRole) -> None:
    member = world.one.org_member
    with acting(member, role) as connection:
        assert refused(connection, ADD_EVENT, [world.two.id, new_id(), member.user_id])
        assert refused(connection, ADD_EVENT, [world.one.id, new_id(), world.one.org_admin.user_id])
        assert not refused(connection, ADD_EVENT, [world.one.id, new_id(), member.user_id])
        for statement in ("update audit.events set action = 'x'", "delete from audit.events"):
            with pytest.raises(pg.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_the_trail_is_read_by_the_tenants_admin_and_the_platform(world: World, acting: Acting) -> None:
    with acting(world.one.org_member, DatabaseRole.TENANTS) as connection:
        connection.execute(ADD_EVENT, [world.one.id, new_id(), world.one.org_member.user_id])
        connection.commit()
    readers = set()
    for caller in world.callers():
        with acting(caller, DatabaseRole.TENANTS) as connection:
            if connection.execute("select 1 from audit.events where tenant_id = %s", [world.one.id]).fetchone():
                readers.add(caller.name)
    assert readers == {"tenant_admin@one", "super_admin@platform"}


def test_a_caller_with_another_tenants_id_and_their_own_organization_sees_nothing(world: World, acting: Acting) -> None:
    forged = replace(world.one.org_admin, subject=replace(world.one.org_admin.subject, tenant_id=world.two.id))
    with acting(forged, DatabaseRole.TENANTS) as connection:
        for table in ("tenancy.organizations", "tenancy.whitelist_entries", "credit.companies"):
            assert connection.execute(f"select count(tenant_id) from {table}").fetchone() == (0,), table
