"""Who reads, adds, changes and deletes which record, as PostgreSQL decides it for each caller."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from accunode_common.auth.subject import Subject
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World

RECORD_ROLES = (DatabaseRole.PREDICTIONS, DatabaseRole.WORKER)
SET_CONTEXT = "select set_config('app.' || key, value, true) from json_each_text(%s::json)"

As = Callable[..., Any]


class Records:
    """Runs statements as one database role for one caller, each in a transaction of its own."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database

    @contextmanager
    def as_(self, subject: Subject | Caller, role: DatabaseRole = DatabaseRole.PREDICTIONS) -> Iterator[Any]:
        subject = subject.subject if isinstance(subject, Caller) else subject
        with psycopg.connect(self._database.url(role)) as connection:
            connection.execute(SET_CONTEXT, [psycopg.types.json.Json(subject.access.settings())])
            yield connection

    def add_company(self, owner: Caller, level: str, *, role: DatabaseRole = DatabaseRole.PREDICTIONS) -> UUID:
        company_id = new_id()
        with self.as_(owner, role) as connection:
            connection.execute(
                "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name,"
                " name_key) values (%s, %s, %s, %s, %s, %s, %s)",
                [
                    owner.tenant_id,
                    company_id,
                    level,
                    owner.subject.organization_id if level == "organization" else None,
                    owner.user_id,
                    f"Company {company_id}",
                    str(company_id),
                ],
            )
        return company_id

    def sees(self, caller: Caller, company_id: UUID, role: DatabaseRole = DatabaseRole.PREDICTIONS) -> bool:
        with self.as_(caller, role) as connection:
            found = connection.execute("select 1 from credit.companies where id = %s", [company_id]).fetchone()
        return found is not None

    def changes(self, caller: Caller, company_id: UUID, role: DatabaseRole = DatabaseRole.PREDICTIONS) -> bool:
        with self.as_(caller, role) as connection:
            done = connection.execute("update credit.companies set sector = 'Energy' where id = %s", [company_id])
        return bool(done.rowcount)

    def deletes(self, caller: Caller, company_id: UUID) -> bool:
        with self.as_(caller) as connection:
            done = connection.execute("delete from credit.companies where id = %s", [company_id])
            connection.rollback()
        return bool(done.rowcount)


@pytest.fixture
def records(test_database: TestDatabase) -> Records:
    return Records(test_database)


def everyone(world: World) -> dict[str, Caller]:
    people = {caller.name: caller for caller in world.callers()}
    return {**people, "colleague": world.one.other_member, "outsider": world.one.outsider, "stranger": world.other_user}


def who(world: World, does: Callable[[Caller], bool]) -> set[str]:
    return {name for name, caller in everyone(world).items() if does(caller)}


@pytest.mark.parametrize("role", RECORD_ROLES)
def test_a_personal_record_is_its_creators_alone(records: Records, world: World, role: DatabaseRole) -> None:
    company = records.add_company(world.one.org_member, "personal", role=role)
    assert who(world, lambda caller: records.sees(caller, company, role)) == {"org_member@one"}
    assert who(world, lambda caller: records.changes(caller, company, role)) == {"org_member@one"}
    assert who(world, lambda caller: records.deletes(caller, company)) == {"org_member@one"}


@pytest.mark.parametrize("role", RECORD_ROLES)
def test_an_organizations_record_is_read_in_it_and_by_its_tenants_admins(
    records: Records, world: World, role: DatabaseRole
) -> None:
    company = records.add_company(world.one.org_member, "organization", role=role)
    readers = {"org_member@one", "colleague", "org_admin@one", "tenant_admin@one"}
    assert who(world, lambda caller: records.sees(caller, company, role)) == readers


@pytest.mark.parametrize("role", RECORD_ROLES)
def test_an_organizations_record_is_edited_by_its_creator_and_the_organizations_admin(
    records: Records, world: World, role: DatabaseRole
) -> None:
    company = records.add_company(world.one.org_member, "organization", role=role)
    editors = {"org_member@one", "org_admin@one"}
    assert who(world, lambda caller: records.changes(caller, company, role)) == editors
    assert who(world, lambda caller: records.deletes(caller, company)) == editors


def test_a_system_record_is_read_where_sharing_is_on_and_edited_by_the_platform(
    records: Records, world: World, superuser: psycopg.Connection
) -> None:
    company = records.add_company(world.super_admin, "system")
    assert who(world, lambda caller: records.sees(caller, company)) == {"super_admin@platform"}

    superuser.execute(
        "update tenancy.organizations set global_data_access = true where id = %s", [world.one.organization_id]
    )

    readers = {"super_admin@platform", "org_admin@one", "org_member@one", "colleague"}
    assert who(world, lambda caller: records.sees(caller, company)) == readers
    assert who(world, lambda caller: records.changes(caller, company)) == {"super_admin@platform"}
    assert who(world, lambda caller: records.deletes(caller, company)) == {"super_admin@platform"}


def test_only_the_platform_adds_system_records_and_only_to_itself(records: Records, world: World) -> None:
    for caller in everyone(world).values():
        if caller is not world.super_admin:
            with pytest.raises(pg.InsufficientPrivilege):
                records.add_company(caller, "system")
    elsewhere = replace(world.super_admin, subject=replace(world.super_admin.subject, tenant_id=world.one.id))
    with pytest.raises(pg.CheckViolation):
        records.add_company(elsewhere, "system")


def test_nobody_adds_a_record_to_another_tenant_organization_or_person(records: Records, world: World) -> None:
    member = world.one.org_member
    forged = {
        "tenant": replace(member.subject, tenant_id=world.two.id),
        "organization": replace(member.subject, organization_id=world.one.outsider.subject.organization_id),
        "person": replace(member.subject, user_id=world.one.other_member.user_id),
    }
    for what, subject in forged.items():
        with records.as_(member) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(
                "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name,"
                " name_key) values (%s, %s, 'organization', %s, %s, %s, %s)",
                [subject.tenant_id, new_id(), subject.organization_id, subject.user_id, what, what],
            )


def test_not_even_the_organizations_admin_adds_a_record_in_anothers_name(records: Records, world: World) -> None:
    admin = world.one.org_admin
    with records.as_(admin) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(
            "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name,"
            " name_key) values (%s, %s, 'organization', %s, %s, 'x', 'x')",
            [admin.tenant_id, new_id(), world.one.organization_id, world.one.org_member.user_id],
        )


@pytest.mark.parametrize(
    "column", ["tenant_id", "organization_id", "access_level", "created_by", "id", "scope_id", "created_at"]
)
@pytest.mark.parametrize("role", RECORD_ROLES)
def test_a_record_never_moves_to_another_owner(records: Records, world: World, column: str, role: DatabaseRole) -> None:
    company = records.add_company(world.one.org_admin, "organization")
    statement = sql.SQL("update credit.companies set {} = default where id = %s").format(sql.Identifier(column))
    with records.as_(world.one.org_admin, role) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(statement, [company])


def add_prediction(connection: Any, owner: Caller, company: UUID, level: str) -> UUID:
    prediction_id = new_id()
    connection.execute(
        "insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,"
        " fiscal_year, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level,"
        " reason_codes, flags) values (%s, %s, %s, %s, %s, %s, 'annual', 2020, 'v1', 0.1, 0.2, 0.3, 0.1, 0.1, 0, 1,"
        " 'B', 'HIGH', '{}', '{}')",
        [
            owner.tenant_id,
            prediction_id,
            level,
            owner.subject.organization_id if level == "organization" else None,
            owner.user_id,
            company,
        ],
    )
    return prediction_id


def test_a_prediction_belongs_to_the_owner_of_its_company(records: Records, world: World) -> None:
    member, colleague = world.one.org_member, world.one.other_member
    private = records.add_company(member, "personal")
    shared = records.add_company(member, "organization")
    refused = [(colleague, private, "personal"), (colleague, private, "organization"), (colleague, shared, "personal")]
    for caller, company, level in refused:
        with records.as_(caller) as connection, pytest.raises(pg.InsufficientPrivilege):
            add_prediction(connection, caller, company, level)
    with records.as_(colleague) as connection:
        add_prediction(connection, colleague, shared, "organization")


def test_the_history_of_a_prediction_is_written_by_those_who_may_edit_it(records: Records, world: World) -> None:
    member, colleague = world.one.org_member, world.one.other_member
    company = records.add_company(member, "organization")
    with records.as_(member) as connection:
        prediction = add_prediction(connection, member, company, "organization")
    add = (
        "insert into credit.prediction_versions (tenant_id, id, prediction_id, version, snapshot, replaced_by)"
        " values (%s, %s, %s, %s, '{}', %s)"
    )
    with records.as_(colleague) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(add, [member.tenant_id, new_id(), prediction, 1, colleague.user_id])
    with records.as_(member) as connection:
        connection.execute(add, [member.tenant_id, new_id(), prediction, 1, member.user_id])
    count = "select count(*) from credit.prediction_versions where prediction_id = %s"
    with records.as_(colleague) as connection:
        assert connection.execute(count, [prediction]).fetchone() == (1,)
    with records.as_(world.one.outsider) as connection:
        assert connection.execute(count, [prediction]).fetchone() == (0,)


def test_what_a_deleted_prediction_said_is_seen_as_far_as_the_prediction_was(records: Records, world: World) -> None:
    member = world.one.org_member
    company = records.add_company(member, "organization")
    with records.as_(member) as connection:
        prediction = add_prediction(connection, member, company, "organization")
        connection.execute("delete from credit.predictions where id = %s", [prediction])
    count = "select count(*) from credit.deleted_predictions where obligor_id = %s"
    seen = {
        "member": member,
        "colleague": world.one.other_member,
        "tenant_admin": world.one.tenant_admin,
        "outsider": world.one.outsider,
        "stranger": world.two.org_member,
        "strange_admin": world.two.tenant_admin,
        "platform": world.user,
    }
    found = {}
    for name, caller in seen.items():
        with records.as_(caller, DatabaseRole.WORKER) as connection:
            found[name] = connection.execute(count, [company]).fetchone() == (1,)
    assert {name for name, sees in found.items() if sees} == {"member", "colleague", "tenant_admin"}
    with records.as_(member, DatabaseRole.WORKER) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute("delete from credit.deleted_predictions where obligor_id = %s", [company])
    with records.as_(member) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(count, [company])


def test_the_tenants_service_counts_a_tenants_records_and_reads_none(records: Records, world: World) -> None:
    records.add_company(world.one.org_member, "personal")
    records.add_company(world.one.outsider, "organization")
    records.add_company(world.two.org_member, "organization")
    count = "select count(id) from credit.companies"
    with records.as_(world.one.tenant_admin, DatabaseRole.TENANTS) as connection:
        assert connection.execute(count).fetchone() == (2,)
        with pytest.raises(pg.InsufficientPrivilege):
            connection.execute("select name from credit.companies")


def test_the_platform_tenants_users_do_not_see_each_others_records(records: Records, world: World) -> None:
    company = records.add_company(world.user, "personal")
    assert world.user.tenant_id == PLATFORM_TENANT_ID
    assert who(world, lambda caller: records.sees(caller, company)) == {"user@platform"}
