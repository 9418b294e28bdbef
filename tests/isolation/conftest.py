"""All four services running over one database, and one thing of every kind in the first tenant."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.http.operations import Operation
from accunode_common.ids import new_id
from accunode_common.models import metadata
from accunode_common.testing.people import Caller, World
from accunode_scoring import Kind, ModelLibrary

THINGS = (
    """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key, symbol)
    values (%(tenant_id)s, %(company_id)s, %(level)s, %(place)s, %(owner)s, %(symbol)s, %(symbol)s, %(symbol)s)
    """,
    """
    insert into bulk.jobs (tenant_id, id, access_level, organization_id, created_by, type, state, kind, read_reach,
        write_reach, submitter_organization_id, file_name, rows_total, rows_accepted, finished_at)
    values (%(tenant_id)s, %(job_id)s, %(level)s, %(place)s, %(owner)s, 'bulk_upload', 'completed', %(kind)s,
        'organization', 'own', %(organization_id)s, 'a.csv', 1, 1, now())
    """,
    """
    insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, fiscal_quarter, total_debt_to_ebitda, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm,
        pd_low, pd_high, grade, risk_level, reason_codes, flags, job_id, row_number)
    values (%(tenant_id)s, %(prediction_id)s, %(level)s, %(place)s, %(owner)s, %(company_id)s, %(kind)s,
        2020, %(quarter)s, 2.5, %(version)s, .1, .2, .3, .1, .1, 0, 1, 'B', 'HIGH', '{}', '{}', %(job_id)s, 1)
    """,
    """
    insert into credit.outcomes (tenant_id, id, access_level, organization_id, created_by, company_id, defaulted_on,
        event)
    values (%(tenant_id)s, %(outcome_id)s, %(level)s, %(place)s, %(owner)s, %(company_id)s, '2021-05-06', 'bankruptcy')
    """,
    """
    insert into identity.sessions (id, user_id, membership_tenant_id, membership_id, expires_at)
    values (%(session_id)s, %(owner)s, %(tenant_id)s, %(membership_id)s, now() + interval '1 day')
    """,
    """
    insert into identity.api_keys (tenant_id, id, user_id, organization_id, name, key_hash, scopes, expires_at)
    values (%(tenant_id)s, %(key_id)s, %(owner)s, %(organization_id)s, 'key', '', '{}', now())
    """,
    """
    insert into tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)
    values (%(tenant_id)s, %(organization_id)s, %(email)s, %(owner)s)
    """,
)


_MADE = ("company_id", "prediction_id", "outcome_id", "job_id", "session_id", "key_id")


@dataclass(frozen=True)
class Belongings:
    """One thing of every kind that belongs to the first tenant, by the name of the path parameter that names it.

    Attributes:
        ids: Values of path parameters, and of fields in bodies that name such a thing.
        owner: Who made it.
        secrets: Text that no stranger may ever read.
    """

    ids: dict[str, str]
    owner: Caller
    secrets: set[str] = field(default_factory=set)


def elsewhere(ids: dict[str, str]) -> dict[str, str]:
    """The same parameters for things that nobody has."""
    other = {name: str(new_id()) for name in ids}
    other |= {"symbol": a_symbol(), "email": "nobody@nowhere.example"}
    return other | {name: ids[name] for name in ("kind", "version")}


def a_symbol() -> str:
    """A symbol that no company has."""
    return f"SYM{new_id().hex[-12:].upper()}"


@pytest.fixture
def belongings(world: World, superuser: psycopg.Connection) -> Callable[[str, str], Belongings]:
    """Makes the things: records of an access level, and predictions of a kind."""

    def make(level: str, kind: str) -> Belongings:
        owner = world.one.org_member
        organization = world.one.organization_id if level == "organization" else None
        ids = {
            "tenant_id": str(world.one.id),
            "organization_id": str(world.one.organization_id),
            "user_id": str(owner.user_id),
            "membership_id": str(owner.membership_id),
            "kind": kind,
            "version": ModelLibrary.load().champion(Kind(kind)).version,
            "symbol": a_symbol(),
            "email": f"listed-{new_id()}@bank.example",
            **{name: str(new_id()) for name in _MADE},
        }
        _insert(superuser, ids, owner, level, organization, kind)
        secrets = {value for name, value in ids.items() if name not in {"kind", "version"}}
        return Belongings(ids, owner, secrets | {owner.email})

    return make


def _insert(
    superuser: psycopg.Connection, ids: dict[str, str], owner: Caller, level: str, organization: UUID | None, kind: str
) -> None:
    values: dict[str, Any] = {
        **ids,
        "owner": owner.user_id,
        "level": level,
        "place": organization,
        "quarter": 2 if kind == "quarterly" else None,
    }
    for statement in THINGS:
        superuser.execute(statement, values)


@pytest.fixture
def state_of(superuser: psycopg.Connection) -> Callable[[UUID], dict[str, str | None]]:
    """A fingerprint of every table's rows of a tenant, and of its people."""

    def read(tenant_id: UUID) -> dict[str, str | None]:
        people = "in (select user_id from identity.memberships where tenant_id = %(tenant)s)"
        found = {}
        for table in metadata.tables.values():
            if "tenant_id" in table.columns:
                condition = "tenant_id = %(tenant)s"
            elif table.fullname in {"identity.users", "tenancy.tenants"}:
                condition = f"id {people}" if table.name == "users" else "id = %(tenant)s"
            elif "user_id" in table.columns:
                condition = f"user_id {people}"
            else:
                continue
            query = f"select md5(string_agg(t::text, ',' order by t::text)) from {table.fullname} t where {condition}"
            row = superuser.execute(query.encode(), {"tenant": tenant_id}).fetchone()
            found[table.fullname] = row[0] if row else None
        return found

    return read


def permitted(caller: Caller, operation: Operation) -> bool:
    """Whether the caller has what the operation needs."""
    return operation.permissions <= caller.subject.permissions
