"""The migrated database against what the models declare: roles, grants, policies, keys and functions.

A scratch database is built from the models alone; PostgreSQL then states both in its own normal form.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Column, Index, Table, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from accunode_common.db.access import (
    LOGIN_ROLES,
    SERVICE_ROLES,
    DatabaseRole,
    access_statements,
    table_access,
)
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_common.db.session import driver_url
from accunode_common.testing.database import TestDatabase
from accunode_credit.models import SCHEMAS, metadata
from accunode_devstack.throwaway import throwaway_postgres

TABLES = sorted(metadata.tables.values(), key=lambda table: table.fullname)
TENANT_TABLES = [table for table in TABLES if "tenant_id" in table.columns]
BOUND_ROLES = (*SERVICE_ROLES, DatabaseRole.WORKER)

INDEXES_ACROSS_TENANTS = {
    "ix_events_id": "the relay seals the newest events of all tenants",
    "ix_seals_event_id": "the relay finds where it stopped sealing",
    "ix_outbox_id": "the relay publishes messages in the order they came",
    "ix_chunks_leased": "the relay finds expired leases of all tenants",
    "ix_idempotency_keys_expires_at": "the relay purges old keys of all tenants",
    "uq_sso_domains_domain_confirmed": "a mail domain is one tenant's",
    "ix_federated_identities_user_id": "a person's identities are in several tenants",
    "ix_sso_sessions_session_id": "a session is looked up by its id",
    "ix_memberships_user_id": "a person's memberships are in several tenants",
    "ix_invitations_email_key": "the invitations to a person's address are of several tenants",
    "ix_companies_words": "its words begin with the end of their scope's id",
}
READABLE_WITHOUT_CONTEXT = {
    "identity.revocations": "every service asks it whether a token is void, which is before the caller is known",
    "registry.model_versions": "the model registry belongs to nobody, and serving starts before any caller comes",
    "ops.workers": "which processes work belongs to no tenant, and they note it before any job comes",
}
FUNCTIONS = {
    "credit.code_numbers": False,
    "credit.codes": False,
    "credit.count_changes": True,
    "credit.count_companies": True,
    "credit.count_of_company": True,
    "credit.find_companies": True,
    "credit.keep_added": True,
    "credit.keep_deleted": True,
    "credit.keep_newest": True,
    "credit.choose_newest": True,
    "credit.number_codes": True,
    "credit.probabilities": True,
    "credit.readable_scopes": True,
    "credit.remove_predictions": True,
    "credit.repair_counts": True,
    "credit.unname_deleted": True,
    "credit.vocabulary": False,
    "identity.admit_the_invited": False,
    "identity.find_sign_in": True,
    "identity.keep_credentials_personal": False,
    "identity.note_role_since": False,
}
"""Every function of the schema, and whether it runs with its owner's rights."""

OBJECTS = {
    "columns": """
        select c.oid::regclass::text || '.' || a.attname,
               format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attgenerated::text || ' '
               || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relkind = 'r' and c.relnamespace::regnamespace::text = any(%s)
    """,
    "constraints": """
        select conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(k.oid)
        from pg_constraint k where k.connamespace::regnamespace::text = any(%s) and contype <> 'n'
    """,
    "indexes": """
        select schemaname || '.' || indexname, indexdef from pg_indexes where schemaname = any(%s)
    """,
    "policies": """
        select schemaname || '.' || tablename || ' ' || policyname,
               permissive || ' ' || cmd || ' to ' || array_to_string(roles, ',')
               || ' using ' || coalesce(qual, '-') || ' check ' || coalesce(with_check, '-')
        from pg_policies where schemaname = any(%s)
    """,
    "row security": """
        select c.oid::regclass::text, c.relrowsecurity::text || ' ' || c.relforcerowsecurity::text
        from pg_class c where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text = any(%s)
    """,
    "table grants": """
        select c.oid::regclass::text || ' ' || g.grantee::regrole::text,
               string_agg(g.privilege_type, ',' order by g.privilege_type)
        from pg_class c, aclexplode(c.relacl) g
        where c.relkind in ('r', 'v', 'm', 'p') and g.grantee <> c.relowner
          and c.relnamespace::regnamespace::text = any(%s)
        group by 1
    """,
    "column grants": """
        select c.oid::regclass::text || ' ' || g.grantee::regrole::text || ' ' || g.privilege_type,
               string_agg(a.attname, ',' order by a.attname)
        from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g
        where g.grantee <> c.relowner and c.relnamespace::regnamespace::text = any(%s)
        group by 1
    """,
}


@pytest.fixture(scope="module")
def declared() -> Iterator[psycopg.Connection]:
    """A database built from the models alone, in a server of its own."""
    with throwaway_postgres() as server:
        bootstrap(server.admin_url, "declared", dict.fromkeys(LOGIN_ROLES, "declared"))
        engine = create_engine(
            driver_url(role_url(server.admin_url, "declared", DatabaseRole.MIGRATOR, "declared")), poolclass=NullPool
        )
        with engine.begin() as connection:
            for schema in SCHEMAS:
                connection.execute(CreateSchema(schema))
            metadata.create_all(connection)
            for table in TABLES:
                for statement in access_statements(table):
                    connection.execute(text(statement.replace(":", r"\:")))
        url = make_url(server.admin_url).set(drivername="postgresql", database="declared")
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            yield connection


def listing(connection: psycopg.Connection, query: str) -> dict[str, str]:
    return dict(connection.execute(query, [list(SCHEMAS)]).fetchall())


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_migrations_make_what_the_models_declare(
    kind: str, declared: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    expected = listing(declared, OBJECTS[kind])
    assert expected
    assert listing(superuser, OBJECTS[kind]) == expected


def test_every_table_declares_its_policies_and_grants() -> None:
    for table in TABLES:
        declared = table_access(table)
        assert declared.policies, table.fullname
        assert declared.grants, table.fullname


def test_no_table_lies_outside_the_declared_schemas(superuser: psycopg.Connection) -> None:
    found = superuser.execute(
        "select relnamespace::regnamespace::text || '.' || relname from pg_class where relkind in ('r', 'p', 'v', 'm')"
        " and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')"
    ).fetchall()
    assert {name for (name,) in found} == {table.fullname for table in TABLES} | {"public.alembic_version"}


def test_row_level_security_is_enabled_and_forced_on_every_table(superuser: psycopg.Connection) -> None:
    assert set(listing(superuser, OBJECTS["row security"]).values()) == {"true true"}


def test_no_role_can_pass_over_row_level_security(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication, rolcanlogin"
        " from pg_roles where rolname like 'accunode%'"
    ).fetchall()
    assert {name for name, _, _ in rows} == {role.value for role in DatabaseRole}
    assert [name for name, powerful, _ in rows if powerful] == []
    assert {name for name, _, may_sign_in in rows if may_sign_in} == {role.value for role in LOGIN_ROLES}


def test_no_role_is_another_but_the_migrator_which_may_become_the_sign_in_role(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "select roleid::regrole::text, member::regrole::text, inherit_option from pg_auth_members"
        " where member::regrole::text like 'accunode%'"
    ).fetchall()
    assert rows == [("accunode_sign_in", "accunode_migrator", False)]


def test_the_migrator_owns_everything_but_the_sign_in_function(superuser: psycopg.Connection) -> None:
    owned = superuser.execute(
        """
        select relname, relowner::regrole::text from pg_class where relnamespace::regnamespace::text = any(%(schemas)s)
        union select nspname, nspowner::regrole::text from pg_namespace where nspname = any(%(schemas)s)
        union select proname, proowner::regrole::text from pg_proc where pronamespace::regnamespace::text
            = any(%(schemas)s)
        """,
        {"schemas": list(SCHEMAS)},
    ).fetchall()
    others = {(name, owner) for name, owner in owned if owner != DatabaseRole.MIGRATOR}
    assert others == {("find_sign_in", "accunode_sign_in")}


def test_nobody_may_truncate_refer_to_or_watch_a_table(superuser: psycopg.Connection) -> None:
    granted = listing(superuser, OBJECTS["table grants"])
    forbidden = {"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}
    assert {name for name, privileges in granted.items() if forbidden & set(privileges.split(","))} == set()


def test_roles_may_use_the_schemas_of_their_tables_and_create_nothing(superuser: psycopg.Connection) -> None:
    for schema in SCHEMAS:
        named = {role for table in TABLES if table.schema == schema for role in table_access(table).grants}
        for role in DatabaseRole:
            if role is DatabaseRole.MIGRATOR:
                continue
            query = "select has_schema_privilege(%s, %s, 'USAGE'), has_schema_privilege(%s, %s, 'CREATE')"
            may_use, may_create = superuser.execute(query, [role, schema, role, schema]).fetchone() or (None, None)
            assert (may_use, may_create) == (role in named, False), f"{role} in {schema}"


def test_only_workers_may_make_temporary_tables(superuser: psycopg.Connection, test_database: TestDatabase) -> None:
    may = superuser.execute(
        "select rolname from pg_roles where rolname = any(%s) and has_database_privilege(rolname, %s, 'TEMPORARY')",
        [[*LOGIN_ROLES], test_database.name],
    ).fetchall()
    assert {name for (name,) in may} == {DatabaseRole.MIGRATOR, DatabaseRole.WORKER}


def test_few_functions_run_with_their_owners_rights_and_all_have_a_fixed_search_path(
    superuser: psycopg.Connection,
) -> None:
    rows = superuser.execute(
        "select p.oid::regproc::text, prosecdef, coalesce(proconfig, '{}'),"
        " has_function_privilege('public', p.oid, 'EXECUTE') from pg_proc p"
        " where pronamespace::regnamespace::text <> all(array['pg_catalog', 'information_schema'])"
    ).fetchall()
    assert {name: definer for name, definer, _, _ in rows} == FUNCTIONS
    for name, _, configuration, public in rows:
        assert configuration[0] == "search_path=pg_catalog, pg_temp", name
        assert not public, name
    callers = superuser.execute(
        "select rolname from pg_roles where rolname = any(%s)"
        " and has_function_privilege(rolname, 'identity.find_sign_in(text)', 'EXECUTE')",
        [[role.value for role in BOUND_ROLES]],
    ).fetchall()
    assert callers == [(DatabaseRole.AUTH.value,)]


def test_views_have_their_callers_rights(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        "select c.oid::regclass::text, coalesce(reloptions, '{}') from pg_class c"
        " where relkind in ('v', 'm') and relnamespace::regnamespace::text = any(%s)",
        [list(SCHEMAS)],
    ).fetchall()
    assert [name for name, options in rows if "security_invoker=true" not in options] == []


def test_policies_call_no_volatile_function(superuser: psycopg.Connection) -> None:
    rows = superuser.execute(
        """
        select distinct p.oid::regprocedure::text from pg_depend d
        join pg_policy on d.classid = 'pg_policy'::regclass and d.objid = pg_policy.oid
        join pg_proc p on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid
        where p.provolatile = 'v'
        """
    ).fetchall()
    assert rows == []
    called = superuser.execute(
        """
        select coalesce(sum(regexp_count(coalesce(qual, '') || coalesce(with_check, ''),
            '\\m(random|clock_timestamp|nextval|set_config|gen_random_uuid|uuidv7|txid_current)\\M')), 0)
        from pg_policies where schemaname = any(%s)
        """,
        [list(SCHEMAS)],
    ).fetchone()
    assert called == (0,)


def leading(columns: Any) -> str:
    return str(next(iter(columns)).name)


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.fullname)
def test_keys_and_indexes_of_a_tenants_rows_lead_with_the_tenant(table: Table) -> None:
    assert leading(table.primary_key.columns) == "tenant_id"
    for index in table.indexes:
        assert isinstance(index, Index)
        if index.name not in INDEXES_ACROSS_TENANTS:
            assert leading(index.columns) == "tenant_id", index.name
    for constraint in table.constraints:
        if type(constraint).__name__ == "UniqueConstraint":
            assert leading(constraint.columns) == "tenant_id", constraint.name  # type: ignore[attr-defined]
    for key in table.foreign_key_constraints:
        if "tenant_id" in key.referred_table.columns:
            first: Column[Any] = key.elements[0].column
            assert (key.column_keys[0], first.name) == ("tenant_id", "tenant_id"), key.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.fullname)
def test_no_second_index_of_the_target_fits_a_foreign_key(table: Table) -> None:
    """Without statistics, PostgreSQL may check the key by the wrong one, and walk through all of a tenant's rows."""
    for key in table.foreign_key_constraints:
        referred = {element.column.name for element in key.elements}
        uniques = [c for c in key.referred_table.constraints if type(c).__name__ == "UniqueConstraint"]
        whole = [i for i in key.referred_table.indexes if i.dialect_options["postgresql"]["where"] is None]
        for other in (*whole, *uniques):
            names = [column.name for column in other.columns]  # type: ignore[attr-defined]
            fitting = next((at for at, name in enumerate(names) if name not in referred), len(names))
            assert fitting < 2, f"{key.name} fits {other.name} as well"


def test_the_exceptions_to_leading_with_the_tenant_exist() -> None:
    names = {index.name for table in TENANT_TABLES for index in table.indexes}
    assert set(INDEXES_ACROSS_TENANTS) <= names


@pytest.mark.parametrize("role", BOUND_ROLES)
def test_without_a_context_a_role_sees_no_row_of_any_table(
    role: DatabaseRole, test_database: TestDatabase, superuser: psycopg.Connection, world: object
) -> None:
    seen = set()
    with psycopg.connect(test_database.url(role), autocommit=True) as connection:
        for table in TABLES:
            columns = [
                column.name
                for column in table.columns
                if superuser.execute(
                    "select has_column_privilege(%s, %s, %s, 'SELECT')", [role, table.fullname, column.name]
                ).fetchone()
                == (True,)
            ]
            if (
                columns
                and connection.execute(
                    sql.SQL("select {} from {}.{} limit 1").format(
                        sql.Identifier(columns[0]), sql.Identifier(table.schema or ""), sql.Identifier(table.name)
                    )
                ).fetchone()
            ):
                seen.add(table.fullname)
    assert seen <= set(READABLE_WITHOUT_CONTEXT)
