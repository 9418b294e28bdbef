"""Obligors, their predictions, and the outcomes that arrive later."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger, Text

from accunode_common.db.access import (
    IN_TENANT,
    ORGANIZATION,
    READ_REACH,
    RECORD_INSERT,
    USER,
    Command,
    DatabaseRole,
    Policy,
    access,
    policies_of_record,
    read_write,
    record_write,
)
from accunode_common.db.base import Base, TenantOwned, Timestamped, Versioned
from accunode_common.models.columns import (
    AccessLevel,
    one_of,
    organization_matches_access_level,
    system_belongs_to_the_platform,
)
from accunode_credit.scope import SCOPE_EXPRESSION
from accunode_scoring import Kind, RiskLevel

_KEPT = "tenant_id, id, created_by, created_at, access_level, organization_id"
_UPDATE = f"UPDATE EXCEPT ({_KEPT})"
_UPDATE_ABOUT_COMPANY = f"UPDATE EXCEPT ({_KEPT}, company_id)"
_UPDATE_PREDICTION = f"UPDATE EXCEPT ({_KEPT}, company_id, kind, fiscal_year, fiscal_quarter, is_newest)"

_OWNER = (DatabaseRole.MIGRATOR,)
_COUNTS_ALL = Policy("counts_all", Command.SELECT, using="true", roles=_OWNER)
"""Lets the triggers see every row; see `credit.count_changes` in the migrations."""
_LOCKS_ALL = Policy("locks_all", Command.UPDATE, using="true", roles=_OWNER)
_MARKS_ALL = Policy("marks_all", Command.UPDATE, using="true", roles=_OWNER)


class Record:
    """What a company and a prediction share: who made it, and who sees it.

    `scope_id` is the owner at its access level (the creator, the organization or the tenant): names are unique in it,
    and what is said about a company belongs to the company's owner. A record keeps its creator and its access level.
    """

    access_level: Mapped[str] = mapped_column(Text)
    organization_id: Mapped[UUID | None]
    created_by: Mapped[UUID]
    scope_id: Mapped[UUID] = mapped_column(Computed(SCOPE_EXPRESSION, persisted=True))


def _beside_its_company(table: str) -> str:
    """Who adds a record about a company: whoever may add records beside it, for the same owner.

    Written so that only the primary key of companies fits the look-up: without statistics, PostgreSQL would as soon
    walk through all companies of an owner.
    """
    return (
        f"{RECORD_INSERT} and exists (select 1 from credit.companies c where c.tenant_id = {table}.tenant_id"
        f" and c.id = {table}.company_id and c.scope_id is not distinct from {table}.scope_id)"
    )


class Company(TenantOwned, Record, Versioned, Base):
    """An obligor."""

    resource_types = ("company",)
    __tablename__ = "companies"
    __table_args__ = (
        ForeignKeyConstraint(["created_by"], ["identity.users.id"]),
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"], ["tenancy.organizations.tenant_id", "tenancy.organizations.id"]
        ),
        UniqueConstraint("tenant_id", "scope_id", "name_key"),
        Index(
            "uq_companies_tenant_id_scope_id_symbol",
            "tenant_id",
            "scope_id",
            "symbol",
            unique=True,
            postgresql_where=text("symbol is not null"),
        ),
        Index(None, "tenant_id", "sector", "id"),
        one_of("access_level", AccessLevel),
        organization_matches_access_level(),
        system_belongs_to_the_platform(),
        CheckConstraint("name <> ''", name="name"),
        {
            "schema": "credit",
            "info": access(
                (*policies_of_record(), _COUNTS_ALL, _LOCKS_ALL),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT", _UPDATE, "DELETE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", _UPDATE),
                    DatabaseRole.BULK: ("SELECT",),
                    DatabaseRole.TENANTS: ("SELECT (tenant_id, id, created_at)",),
                },
            ),
        },
    )

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    symbol: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    sector: Mapped[str | None] = mapped_column(Text)
    market_cap: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))
    currency: Mapped[str | None] = mapped_column(Text)


class Prediction(TenantOwned, Record, Versioned, Base):
    """One company's probability of default for one period.

    The ratios are stored as given (percent numbers, plain multiples), null where missing; with the model version they
    give the same score and explanation again at any time.
    """

    resource_types = ("prediction",)
    __tablename__ = "predictions"
    __table_args__ = (
        # Of its owner and job nothing is checked here: the policies let it be added for its company's owner alone, and
        # only those who work on a locked job name one.
        ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["credit.companies.tenant_id", "credit.companies.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint(
            "tenant_id", "company_id", "kind", "fiscal_year", "fiscal_quarter", postgresql_nulls_not_distinct=True
        ),
        Index(None, "tenant_id", "scope_id", "kind", "id"),
        Index(
            "uq_predictions_newest",
            "tenant_id",
            "company_id",
            "kind",
            unique=True,
            postgresql_where=text("is_newest"),
        ),
        Index(None, "tenant_id", "job_id", "row_number"),
        one_of("access_level", AccessLevel),
        one_of("kind", Kind),
        one_of("risk_level", RiskLevel),
        organization_matches_access_level(),
        system_belongs_to_the_platform(),
        CheckConstraint("fiscal_year between 1900 and 2100", name="fiscal_year"),
        CheckConstraint(
            "(kind = 'quarterly') = (fiscal_quarter is not null) and fiscal_quarter between 1 and 4",
            name="fiscal_quarter",
        ),
        CheckConstraint("pd between 0 and 1 and pd_2y between pd and 1 and pd_3y between pd_2y and 1", name="pd"),
        CheckConstraint("(job_id is null) = (row_number is null)", name="job_row"),
        {
            "schema": "credit",
            "info": access(
                (*policies_of_record(insert=_beside_its_company("predictions")), _COUNTS_ALL, _MARKS_ALL),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT", _UPDATE_PREDICTION, "DELETE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", _UPDATE_PREDICTION),
                    DatabaseRole.BULK: ("SELECT", "UPDATE (job_id, row_number)"),
                    DatabaseRole.TENANTS: ("SELECT (tenant_id, id, created_at)",),
                },
            ),
        },
    )

    company_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)
    is_newest: Mapped[bool] = mapped_column(server_default="false")

    long_term_debt_to_total_capital: Mapped[float | None]
    total_debt_to_ebitda: Mapped[float | None]
    net_income_margin: Mapped[float | None]
    ebit_to_interest_expense: Mapped[float | None]
    return_on_assets: Mapped[float | None]
    sga_margin: Mapped[float | None]
    return_on_capital: Mapped[float | None]
    amounts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    model_version: Mapped[str] = mapped_column(Text)
    pd: Mapped[float]
    pd_2y: Mapped[float]
    pd_3y: Mapped[float]
    pd_scorecard: Mapped[float]
    pd_lightgbm: Mapped[float]
    pd_low: Mapped[float]
    pd_high: Mapped[float]
    grade: Mapped[str] = mapped_column(Text)
    risk_level: Mapped[str] = mapped_column(Text)
    reason_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))

    job_id: Mapped[UUID | None]
    row_number: Mapped[int | None]


class PredictionCount(Base):
    """A change of how many predictions of one sort an owner has, and of the sum of their probabilities of default.

    Triggers append a row for each sort that a statement touches (see `credit.count_changes`), so that nobody waits for
    a counter; the sum of all rows is exact in every transaction. The relay sums up what has become many.
    """

    __tablename__ = "prediction_counts"
    __table_args__ = (
        {
            "schema": "credit",
            "info": access(
                (
                    Policy(
                        "reads",
                        Command.SELECT,
                        using=f"({IN_TENANT} and access_level = 'personal' and scope_id = {USER})"
                        f" or ({IN_TENANT} and access_level = 'organization'"
                        f" and (scope_id = {ORGANIZATION} or {READ_REACH} = 'tenant'))",
                        roles=(DatabaseRole.PREDICTIONS,),
                    ),
                    Policy("counts_all", Command.ALL, using="true", roles=_OWNER),
                    Policy("relays", Command.ALL, using="true", roles=(DatabaseRole.RELAY,)),
                ),
                {DatabaseRole.PREDICTIONS: ("SELECT",), DatabaseRole.RELAY: ("SELECT", "INSERT", "DELETE")},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    access_level: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)
    sector: Mapped[str | None] = mapped_column(Text)
    risk_level: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    is_newest: Mapped[bool]
    predictions: Mapped[int] = mapped_column(BigInteger)
    pd_sum: Mapped[Decimal] = mapped_column(Numeric)


class PredictionVersion(TenantOwned, Base):
    """A prediction as it was before a rescoring or an edit."""

    __tablename__ = "prediction_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "prediction_id"],
            ["credit.predictions.tenant_id", "credit.predictions.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "prediction_id", "version"),
        {
            "schema": "credit",
            "info": access(
                read_write(
                    read="exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id"
                    " and p.id = prediction_versions.prediction_id)",
                    write=f"{IN_TENANT} and exists (select 1 from credit.predictions p"
                    " where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id"
                    f" and ({record_write('p.')}))",
                ),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT"),
                },
            ),
        },
    )

    prediction_id: Mapped[UUID]
    version: Mapped[int]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaced_by: Mapped[UUID]
    replaced_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Outcome(TenantOwned, Record, Timestamped, Base):
    """What became of an obligor: the date of its default, for back-tests."""

    resource_types = ("outcome",)
    __tablename__ = "outcomes"
    __table_args__ = (
        ForeignKeyConstraint(["created_by"], ["identity.users.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["credit.companies.tenant_id", "credit.companies.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "company_id", "defaulted_on"),
        one_of("access_level", AccessLevel),
        organization_matches_access_level(),
        system_belongs_to_the_platform(),
        {
            "schema": "credit",
            "info": access(
                policies_of_record(insert=_beside_its_company("outcomes")),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT", _UPDATE_ABOUT_COMPANY, "DELETE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT"),
                },
            ),
        },
    )

    company_id: Mapped[UUID]
    defaulted_on: Mapped[date]
    event: Mapped[str] = mapped_column(Text)
