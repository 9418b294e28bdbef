"""One thing of every kind, for each target of the matrix: own, a colleague's, another tenant's and so on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from accunode_common.auth.roles import GRANTS, Role
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_scoring import Kind, ModelLibrary

PASSWORD = "correct horse battery staple"

SESSION = """
    insert into identity.sessions (id, user_id, membership_tenant_id, membership_id, expires_at)
    values (%(session_id)s, %(owner)s, %(tenant)s, %(membership_id)s, now() + interval '1 day')
    """

INSERTS = (
    """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key, symbol)
    values (%(tenant)s, %(company_id)s, %(level)s, %(shared)s, %(owner)s, %(symbol)s, %(symbol)s, %(symbol)s)
    """,
    """
    insert into bulk.jobs (tenant_id, id, access_level, organization_id, created_by, type, state, kind, read_reach,
        write_reach, submitter_organization_id, file_name, rows_total, rows_accepted, finished_at)
    values (%(tenant)s, %(job_id)s, %(level)s, %(shared)s, %(owner)s, 'bulk_upload', %(state)s, %(kind)s,
        'organization', 'own', %(organization)s, %(file_name)s, 1, 1, now())
    """,
    """
    insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, fiscal_quarter, total_debt_to_ebitda, net_income_margin, return_on_assets, sga_margin,
        return_on_capital, amounts, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade,
        risk_level, reason_codes, flags, job_id, row_number)
    values (%(tenant)s, %(prediction_id)s, %(level)s, %(shared)s, %(owner)s, %(company_id)s, %(kind)s,
        2020, %(quarter)s, 2.5, case when %(kind)s::text = 'annual' then 4.0 end,
        case when %(kind)s::text = 'annual' then 3.0 end, case when %(kind)s::text = 'quarterly' then 20.0 end,
        case when %(kind)s::text = 'quarterly' then 5.0 end, %(amounts)s, %(version)s, .1, .2, .3, .1, .1, 0, 1, 'B',
        'HIGH', '{}', '{}', %(job_id)s, 1)
    """,
    """
    insert into credit.outcomes (tenant_id, id, access_level, organization_id, created_by, company_id, defaulted_on,
        event)
    values (%(tenant)s, %(outcome_id)s, %(level)s, %(shared)s, %(owner)s, %(company_id)s, '2021-05-06', 'bankruptcy')
    """,
    SESSION,
    """
    insert into identity.api_keys (tenant_id, id, user_id, organization_id, name, key_hash, scopes, expires_at)
    values (%(tenant)s, %(key_id)s, %(owner)s, %(organization)s, %(key_name)s, '', '{company:read}',
        now() + interval '1 day')
    """,
    """
    insert into identity.passkeys (id, user_id, credential_id, public_key, sign_count, label, backed_up)
    values (%(passkey_id)s, %(owner)s, uuid_send(%(passkey_id)s), '', 0, %(passkey_name)s, false)
    """,
    """
    insert into audit.events (tenant_id, id, actor_id, actor_role, organization_id, action, resource_type, resource_id)
    values (%(tenant)s, %(event_id)s, %(owner)s, %(role)s, %(organization)s, 'company.create', 'company',
        %(company_id)s)
    """,
)
LISTED = """
    insert into tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)
    values (%(tenant_id)s, %(organization_id)s, %(email)s, %(owner)s)
"""
DELETIONS = (
    "delete from credit.companies where id = %(company_id)s",
    "delete from bulk.jobs where id = %(job_id)s",
    "update identity.sessions set revoked_at = now() where id = %(session_id)s",
    "delete from identity.passkeys where id = %(passkey_id)s",
    "update identity.api_keys set revoked_at = now() where id = %(key_id)s",
    "delete from identity.memberships where user_id = %(user_id)s",
    "update identity.users set status = 'anonymised' where id = %(user_id)s",
    "delete from tenancy.whitelist_entries where organization_id = %(organization_id)s",
    "update tenancy.organizations set deleted_at = now() where id = %(organization_id)s",
    "update tenancy.tenants set status = 'deleted', deleted_at = now(), purge_after = now() where id = %(tenant_id)s",
)
AMOUNTS = {
    "cogs_musd": 610.0,
    "current_assets_musd": 320.0,
    "current_liabilities_musd": 190.0,
    "depreciation_musd": 45.0,
    "inventory_musd": 95.0,
    "long_term_debt_musd": 240.0,
    "net_income_musd": 38.0,
    "net_sales_musd": 940.0,
    "operating_expenses_musd": 820.0,
    "receivables_musd": 130.0,
    "retained_earnings_musd": 160.0,
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
}
_FRESH = (
    "company_id",
    "prediction_id",
    "outcome_id",
    "job_id",
    "session_id",
    "key_id",
    "passkey_id",
    "event_id",
    "invitation_id",
)
_NOBODYS = ("kind", "version")


@dataclass(frozen=True)
class Things:
    """One thing of every kind.

    Attributes:
        target: Whose they are, as the matrix says it.
        ids: By the name of the path parameter, or of the field in a body, that names the thing.
        owner: Who made them.
        names: Other text that says something about them.
    """

    target: str
    ids: dict[str, str]
    owner: Caller
    names: frozenset[str] = field(default_factory=frozenset)

    @property
    def secrets(self) -> set[str]:
        """Text that a refusal must not tell, unless it was asked with."""
        return {value for name, value in self.ids.items() if name not in _NOBODYS} | self.names

    @property
    def traces(self) -> set[str]:
        """Text by which a list would show these things, and no others of the same place and person."""
        return {self.ids[name] for name in (*_FRESH, "symbol", "email")} | self.names - {self.owner.email}

    def elsewhere(self, caller: Caller | None) -> dict[str, str]:
        """The same parameters for things that nobody has, in the caller's own tenant where these are in it."""
        other = {name: str(new_id()) for name in self.ids}
        other |= {"symbol": a_symbol(), "email": "nobody@nowhere.example"}
        other |= {name: self.ids[name] for name in _NOBODYS}
        if caller is not None and self.ids["tenant_id"] == str(caller.tenant_id):
            other["tenant_id"] = self.ids["tenant_id"]
        return other


def a_symbol() -> str:
    """A symbol that no company has."""
    return f"SYM{new_id().hex[-12:].upper()}"


@dataclass(frozen=True)
class _Place:
    """Where a target's things are: their tenant, and the tenant and organization that paths name."""

    owner: Caller
    level: str
    tenant_id: UUID
    organization_id: UUID
    person: Role | None = Role.ORG_MEMBER


class Stage:
    """A world, with things for its targets.

    Attributes:
        world: Two tenants and their people.
        callers: Those of the matrix by their names; `nobody` is three.
    """

    def __init__(self, connection: psycopg.Connection, maker: WorldMaker, issuer: TestIssuer) -> None:
        self.connection = connection
        self.maker = maker
        self._issuer = issuer
        self.world: World = maker.world()
        self.callers: Mapping[str, tuple[Caller | None, ...]] = self._callers()
        self._begin_sessions()

    def _callers(self) -> dict[str, tuple[Caller | None, ...]]:
        one = self.world.one
        key = replace(one.org_member.subject, session_id=new_id(), scope=_scopes_of_records())
        self.revoked = self._as(one.org_member, session_id=new_id())
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1) - ACCESS_TOKEN_LIFETIME
        expired = replace(one.org_admin, token=self._issuer.token(one.org_admin.subject, issued_at=an_hour_ago))
        return {
            "nobody": (None, self.revoked, replace(expired, name="expired")),
            "super_admin": (self.world.super_admin,),
            "tenant_admin": (one.tenant_admin,),
            "org_admin": (one.org_admin,),
            "org_member": (one.org_member,),
            "api_key": (replace(one.org_member, name="api_key", subject=key, token=self._issuer.token(key)),),
            "user": (self.world.user,),
        }

    def _begin_sessions(self) -> None:
        people = [self.world.super_admin, self.world.user, self.revoked]
        for tenant in (self.world.one, self.world.two):
            people += [tenant.tenant_admin, tenant.org_admin, tenant.org_member, tenant.other_member, tenant.outsider]
        with self.connection.pipeline(), self.connection.transaction():
            for person in people:
                values = {
                    "session_id": person.subject.session_id,
                    "owner": person.user_id,
                    "tenant": person.tenant_id,
                    "membership_id": person.membership_id,
                }
                self.connection.execute(SESSION.encode(), values)

    def _as(self, caller: Caller, **other: Any) -> Caller:
        subject = replace(caller.subject, **other)
        return replace(caller, name="revoked", subject=subject, token=self._issuer.token(subject))

    def caller(self, name: str) -> Caller:
        """The caller of a name; an outsider, who is no other caller, for `nobody`."""
        return self.callers[name][0] or self.world.one.outsider

    def rightful(self, target: str, owner: str, things: Things) -> Caller:
        """Who has a right to the target's things."""
        if owner == "maker":
            return things.owner
        if owner == "super_admin":
            return self.world.super_admin
        tenant = self.world.two if target == "tenant" else self.world.one
        if target == "organization" and owner == "org_admin":
            return tenant.tenant_admin
        found: Caller = getattr(tenant, owner)
        return self.world.super_admin if target == "personal" else found

    def make(self, target: str, caller: Caller, *, kind: str, job: str = "completed") -> Things:
        """New things for a target as that caller sees it."""
        place = self._place(target, caller)
        fresh = {name: str(new_id()) for name in _FRESH}
        person = self._person(place)
        ids = {
            **fresh,
            "tenant_id": str(place.tenant_id),
            "organization_id": str(place.organization_id),
            "user_id": str(person.user_id),
            "membership_id": str(new_id() if target == "deleted" else place.owner.membership_id),
            "kind": kind,
            "version": _champion(kind),
            "symbol": a_symbol(),
            "email": f"listed-{new_id()}@bank.example",
        }
        names = {"file_name": f"{new_id()}.csv", "key_name": f"key {new_id()}", "passkey_name": f"passkey {new_id()}"}
        subject = place.owner.subject
        values: dict[str, Any] = {
            **ids,
            **names,
            "tenant": subject.tenant_id,
            "organization": subject.organization_id,
            "shared": subject.organization_id if place.level == "organization" else None,
            "owner": subject.user_id,
            "role": subject.role.value,
            "level": place.level,
            "state": job,
            "quarter": 2 if kind == "quarterly" else None,
            "amounts": Jsonb(AMOUNTS) if kind == "statement" else None,
        }
        self._run(INSERTS, values)
        if target == "deleted":
            self._run(DELETIONS, values)
        elif target != "system":
            self._run((LISTED,), values)
        return Things(target, ids, place.owner, frozenset({*names.values(), place.owner.email, person.email}))

    def _run(self, statements: tuple[str, ...], values: Mapping[str, Any]) -> None:
        with self.connection.pipeline(), self.connection.transaction():
            for statement in statements:
                self.connection.execute(statement.encode(), values)

    def _tenant(self) -> UUID:
        tenant_id = new_id()
        self.connection.execute(
            "insert into tenancy.tenants (id, name, slug) values (%(id)s, %(name)s, %(name)s)",
            {"id": tenant_id, "name": f"gone-{tenant_id}"},
        )
        return tenant_id

    def _person(self, place: _Place) -> Caller:
        if place.person is Role.ORG_MEMBER:
            return self.maker.caller(place.person, place.tenant_id, place.organization_id, label="thing")
        return self.maker.caller(Role.USER, PLATFORM_TENANT_ID, label="thing")

    def _place(self, target: str, caller: Caller) -> _Place:
        one, two = self.world.one, self.world.two
        match target:
            case "own":
                organization = caller.subject.organization_id or one.organization_id
                return _Place(caller, "personal", one.id, organization)
            case "colleague's":
                return _Place(one.other_member, "organization", one.id, one.organization_id)
            case "personal":
                return _Place(one.other_member, "personal", one.id, one.organization_id, person=Role.USER)
            case "organization":
                treasury = one.outsider.subject.organization_id
                assert treasury is not None
                return _Place(one.outsider, "organization", one.id, treasury)
            case "tenant":
                return _Place(two.org_member, "organization", two.id, two.organization_id)
            case "system":
                return _Place(self.world.super_admin, "system", PLATFORM_TENANT_ID, new_id(), person=Role.USER)
            case "deleted":
                gone = self._tenant()
                closed = self.maker.organization(one.id, f"Closed {new_id()}")
                return _Place(caller, "personal", gone, closed, person=Role.USER)
        raise ValueError(f"There is no target {target}.")


@cache
def _champion(kind: str) -> str:
    return ModelLibrary.load().champion(Kind(kind)).version


def _scopes_of_records() -> frozenset[Any]:
    resources = ("company:", "prediction:", "portfolio:", "model:", "bulk_upload:", "job:")
    return frozenset(p for p in GRANTS[Role.ORG_MEMBER].permissions if p.value.startswith(resources))
