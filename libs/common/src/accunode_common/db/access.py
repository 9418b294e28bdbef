"""Who may do what with a table: the policies and grants that a model declares.

A model names its access in `__table_args__` as `{"info": access(policies, grants)}`. Migrations apply what they state
as text; a catalogue test compares the database with these declarations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from accunode_common.ids import PLATFORM_TENANT_ID


class DatabaseRole(StrEnum):
    """The roles of the cluster; each service has its own, and none but the migrator owns anything."""

    MIGRATOR = "accunode_migrator"
    SIGN_IN = "accunode_sign_in"
    AUTH = "accunode_auth"
    TENANTS = "accunode_tenants"
    PREDICTIONS = "accunode_predictions"
    BULK = "accunode_bulk"
    WORKER = "accunode_worker"
    RELAY = "accunode_relay"


LOGIN_ROLES = tuple(role for role in DatabaseRole if role is not DatabaseRole.SIGN_IN)
SERVICE_ROLES = (DatabaseRole.AUTH, DatabaseRole.TENANTS, DatabaseRole.PREDICTIONS, DatabaseRole.BULK)


def _setting(name: str, cast: str = "") -> str:
    return f"(select nullif(current_setting('app.{name}', true), ''){cast})"


TENANT = _setting("tenant_id", "::uuid")
USER = _setting("user_id", "::uuid")
ORGANIZATION = _setting("organization_id", "::uuid")
READ_REACH = _setting("read_reach")
WRITE_REACH = _setting("write_reach")
PLATFORM_TENANT = f"'{PLATFORM_TENANT_ID}'::uuid"

READS_PLATFORM = f"{READ_REACH} = 'platform'"
WRITES_PLATFORM = f"{WRITE_REACH} = 'platform'"
IN_TENANT = f"tenant_id = {TENANT}"


class Command(StrEnum):
    """The statement that a policy governs."""

    ALL = "ALL"
    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Policy:
    """A permissive row-level security policy.

    Attributes:
        name: Unique on its table.
        command: The statement it governs.
        using: Which existing rows it lets the statement see; unused for INSERT.
        check: Which new rows it accepts; unused for SELECT and DELETE. When None, `using` serves.
        roles: The database roles it applies to; empty for all.
    """

    name: str
    command: Command
    using: str | None = None
    check: str | None = None
    roles: tuple[DatabaseRole, ...] = ()

    def statement(self, table: str) -> str:
        """The `CREATE POLICY` statement for `table`."""
        parts = [f"CREATE POLICY {self.name} ON {table} FOR {self.command}"]
        if self.roles:
            parts.append(f"TO {', '.join(self.roles)}")
        if self.using is not None and self.command is not Command.INSERT:
            parts.append(f"USING ({self.using})")
        check = self.check if self.check is not None else self.using
        if check is not None and self.command not in (Command.SELECT, Command.DELETE):
            parts.append(f"WITH CHECK ({check})")
        return " ".join(parts)


Grants = Mapping[DatabaseRole, tuple[str, ...]]
"""Privileges per role: `SELECT`, `SELECT (a, b)` for some columns, `UPDATE EXCEPT (a, b)` for all but some."""


@dataclass(frozen=True, slots=True)
class Access:
    """A table's policies and grants."""

    policies: tuple[Policy, ...]
    grants: Grants


def access(policies: tuple[Policy, ...], grants: Grants) -> dict[str, Any]:
    """The `info` of a table with these policies and grants."""
    return {"access": Access(policies, grants)}


def table_access(table: Table) -> Access:
    """What a table declares.

    Raises:
        KeyError: The model declares no access.
    """
    declared: Access = table.info["access"]
    return declared


def access_statements(table: Table) -> Iterator[str]:
    """The statements that give a table its row-level security, policies and grants."""
    declared = table_access(table)
    yield f"ALTER TABLE {table.fullname} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table.fullname} FORCE ROW LEVEL SECURITY"
    for policy in declared.policies:
        yield policy.statement(table.fullname)
    for role, privileges in declared.grants.items():
        granted = ", ".join(_with_columns(privilege, table) for privilege in privileges)
        yield f"GRANT {granted} ON {table.fullname} TO {role}"


def _with_columns(privilege: str, table: Table) -> str:
    verb, found, names = privilege.partition(" EXCEPT ")
    if not found:
        return privilege
    kept = {name.strip() for name in names.strip("()").split(",")}
    unknown = kept - set(table.columns.keys())
    if unknown:
        raise ValueError(f"{table.fullname} has no {', '.join(sorted(unknown))}")
    columns = (column.name for column in table.columns if column.name not in kept and column.computed is None)
    return f"{verb} ({', '.join(columns)})"


def read_write(
    read: str, write: str, *, insert: str | None = None, roles: tuple[DatabaseRole, ...] = ()
) -> tuple[Policy, ...]:
    """Policies that show the rows of `read`, and let those of `write` be changed and deleted.

    Rows of `insert`, or else of `write`, can be added.
    """
    return (
        Policy("reads", Command.SELECT, using=read, roles=roles),
        Policy("inserts", Command.INSERT, check=insert or write, roles=roles),
        Policy("updates", Command.UPDATE, using=write, roles=roles),
        Policy("deletes", Command.DELETE, using=write, roles=roles),
    )


def record_read(person: str = "created_by", organization: str = "organization_id") -> str:
    """Who sees a record: its creator, its organization and its tenant's admins, or who shares the system's records.

    Written as a case, which the planner takes for true of half of the rows: of the conditions by themselves it expects
    a few of an owner's, and would read and sort all of these instead of the first in an index.

    Args:
        person: The column of its creator.
        organization: The column of its organization.
    """
    return f"""
case when ({IN_TENANT} and access_level = 'personal' and {person} = {USER})
or ({IN_TENANT} and access_level = 'organization'
    and ({organization} = {ORGANIZATION} or {READ_REACH} = 'tenant'))
or (access_level = 'system' and ({READS_PLATFORM} or (select exists (
    select 1 from tenancy.organizations o
    where o.tenant_id = {TENANT} and o.id = {ORGANIZATION} and o.global_data_access)))) then true end
""".strip()


RECORD_READ = record_read()


def record_write(prefix: str = "") -> str:
    """Who changes a record: its creator, an admin of its organization, or the platform for the system's records.

    Args:
        prefix: The record's table and a dot, where the condition stands in another table's policy.
    """
    in_tenant = f"{prefix}tenant_id = {TENANT}"
    level, creator, organization = f"{prefix}access_level", f"{prefix}created_by", f"{prefix}organization_id"
    return f"""
({in_tenant} and {level} = 'personal' and {creator} = {USER})
or ({in_tenant} and {level} = 'organization' and {organization} = {ORGANIZATION}
    and ({creator} = {USER} or {WRITE_REACH} = 'organization'))
or ({in_tenant} and {level} = 'system' and {WRITES_PLATFORM})
""".strip()


RECORD_WRITE = record_write()
RECORD_INSERT = f"created_by = {USER} and ({RECORD_WRITE})"
"""Who adds a record: whoever may change it, in their own name."""

RECORD_COUNT = Policy(
    "counts", Command.SELECT, using=f"{IN_TENANT} and {READ_REACH} = 'tenant'", roles=(DatabaseRole.TENANTS,)
)
"""Lets the tenants service count a tenant's records, personal ones too; its grants show it no contents."""


def policies_of_record(*, insert: str = RECORD_INSERT) -> tuple[Policy, ...]:
    """The policies of a table of records; `insert` says which ones may be added."""
    return (*read_write(read=RECORD_READ, write=RECORD_WRITE, insert=insert), RECORD_COUNT)
