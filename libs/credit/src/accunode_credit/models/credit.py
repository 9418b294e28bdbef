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
    record_read,
    record_write,
)
from accunode_common.db.base import Base, TenantOwned, Timestamped, Versioned
from accunode_common.models.columns import (
    AccessLevel,
    one_of,
    organization_matches_access_level,
    system_belongs_to_the_platform,
)
from accunode_credit.bands import BAND_EXPRESSION
from accunode_credit.models.kind_column import KindText
from accunode_credit.name_search import WORDS_EXPRESSION, WORDS_INDEX
from accunode_credit.scope import SCOPE_EXPRESSION
from accunode_scoring import Kind, RiskLevel
from accunode_scoring.codes import codes_of

_KEPT = "tenant_id, id, created_by, created_at, access_level, organization_id"
_UPDATE = f"UPDATE EXCEPT ({_KEPT})"
_UPDATE_ABOUT_COMPANY = f"UPDATE EXCEPT ({_KEPT}, company_id)"
_UPDATE_PREDICTION = f"UPDATE EXCEPT ({_KEPT}, company_id, kind, fiscal_year, fiscal_quarter)"

_OWNER = (DatabaseRole.MIGRATOR,)
_COUNTS_ALL = Policy("counts_all", Command.SELECT, using="true", roles=_OWNER)
"""Lets the triggers see every row; see `credit.count_changes` in the migrations."""
_LOCKS_ALL = Policy("locks_all", Command.UPDATE, using="true", roles=_OWNER)
_MARKS_ALL = Policy("marks_all", Command.UPDATE, using="true", roles=_OWNER)
_REMOVES_ALL = Policy("removes_all", Command.DELETE, using="true", roles=_OWNER)
_WITH_PD: dict[str, Any] = {"postgresql_include": ["pd"]}


class Record:
    """What a company and a prediction share: who made it, and who sees it.

    `scope_id` is the owner at its access level (the creator, the organization or the tenant): names are unique in it,
    and what is said about a company belongs to the company's owner. A record keeps its creator and its access level.
    """

    access_level: Mapped[str] = mapped_column(Text)
    organization_id: Mapped[UUID | None]
    created_by: Mapped[UUID]
    scope_id: Mapped[UUID] = mapped_column(Computed(SCOPE_EXPRESSION, persisted=True))


_BESIDE_ITS_COMPANY = (
    f"{RECORD_INSERT} and exists (select 1 from credit.companies c where c.tenant_id = outcomes.tenant_id"
    " and c.id = outcomes.company_id and c.scope_id is not distinct from outcomes.scope_id)"
)
"""Who adds an outcome of a company: whoever may add records beside it, for the same owner.

Written so that only the primary key of companies fits the look-up: without statistics, PostgreSQL would as soon walk
through all companies of an owner. For predictions a trigger asks the same of a whole statement (`credit.keep_added`).
"""


class Company(TenantOwned, Record, Versioned, Base):
    """An obligor."""

    resource_types = ("company",)
    __tablename__ = "companies"
    __table_args__ = (
        # Of its owner nothing is checked here: the policies take its tenant, organization and creator from the context
        # of the caller, and no role may delete any of these.
        UniqueConstraint("tenant_id", "scope_id", "name_key"),
        Index(
            "uq_companies_tenant_id_scope_id_symbol",
            "tenant_id",
            "scope_id",
            "symbol",
            unique=True,
            postgresql_where=text("symbol is not null"),
        ),
        Index(None, "tenant_id", "scope_id", "id"),
        Index(None, "tenant_id", "sector", "id"),
        Index("ix_companies_words", text(WORDS_EXPRESSION), **WORDS_INDEX),
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
        # No key names its company: `credit.keep_added` lets it be added for its company's owner alone, and locks the
        # company as a key would; `credit.remove_predictions` deletes it with the company. None names its job either:
        # only those who work on a locked job name one.
        UniqueConstraint(
            "tenant_id", "company_id", "kind", "fiscal_year", "fiscal_quarter", postgresql_nulls_not_distinct=True
        ),
        Index(None, "tenant_id", "scope_id", "kind", "id"),
        Index(None, "tenant_id", "scope_id", "kind", "pd_band", "id", **_WITH_PD),
        Index(None, "tenant_id", "scope_id", "kind", "risk_level", "pd_band", "id", **_WITH_PD),
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
                (*policies_of_record(), _COUNTS_ALL, _MARKS_ALL, _REMOVES_ALL),
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
    kind: Mapped[Kind] = mapped_column(KindText)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)

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
    log_odds_shift: Mapped[float] = mapped_column(server_default="0")
    pd_band: Mapped[int] = mapped_column(SmallInteger, Computed(BAND_EXPRESSION, persisted=True))
    grade: Mapped[str] = mapped_column(Text)
    risk_level: Mapped[str] = mapped_column(Text)
    reason_numbers: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    flag_numbers: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    # The same in words, as the release before writes it. Every score has reasons: a row without words has numbers.
    reason_words: Mapped[list[str]] = mapped_column("reason_codes", ARRAY(Text), server_default="{}")
    flag_words: Mapped[list[str]] = mapped_column("flags", ARRAY(Text), server_default="{}")

    job_id: Mapped[UUID | None]
    row_number: Mapped[int | None]

    @property
    def reason_codes(self) -> list[str]:
        """The codes of the first reasons, the strongest first."""
        return self.reason_words or codes_of(self.reason_numbers or ())

    @property
    def flags(self) -> list[str]:
        """Remarks on inputs as `code:column`, in the model's order."""
        return self.flag_words if self.reason_words else codes_of(self.flag_numbers or ())


class NewestPrediction(Base):
    """The newest prediction of a company and kind, with what it is found by.

    `credit.keep_added` and `credit.keep_newest` keep it.
    """

    __tablename__ = "newest_predictions"
    __table_args__ = (
        Index("ix_newest_predictions_level", "tenant_id", "scope_id", "risk_level", "company_id"),
        Index("ix_newest_predictions_band", "tenant_id", "scope_id", "kind", "pd_band", "prediction_id", **_WITH_PD),
        Index(
            "ix_newest_predictions_risen",
            "tenant_id",
            "scope_id",
            "kind",
            "pd_change",
            postgresql_where=text("pd_change > 0"),
        ),
        {
            "schema": "credit",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=record_read("scope_id", "scope_id")),
                    Policy("counts_all", Command.ALL, using="true", roles=_OWNER),
                ),
                {DatabaseRole.PREDICTIONS: ("SELECT",), DatabaseRole.WORKER: ("SELECT",)},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(KindText, primary_key=True)
    access_level: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID]
    prediction_id: Mapped[UUID]
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)
    pd: Mapped[float]
    pd_band: Mapped[int] = mapped_column(SmallInteger)
    pd_change: Mapped[float | None]
    """Against the company's prediction before it of the same kind; null if there is none."""
    grade: Mapped[str] = mapped_column(Text)
    risk_level: Mapped[str] = mapped_column(Text)


_COUNTS = access(
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
)


class Count:
    """A change of how many predictions of one sort an owner has: all of them, and apart from these the newest ones.

    Triggers append a row for each sort that a statement touches (see `credit.count_changes` and `keep_added`), so that
    nobody waits for a counter; the sum of all rows is exact in every transaction. The relay sums up what has become
    many.
    """

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-1)
    access_level: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(KindText)
    is_newest: Mapped[bool]
    predictions: Mapped[int] = mapped_column(BigInteger)


class PredictionCount(Count, Base):
    """Counts by period, sector, risk level and grade, with the sum of the probabilities of default."""

    __tablename__ = "prediction_counts"
    __table_args__ = ({"schema": "credit", "info": _COUNTS},)

    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)
    sector: Mapped[str | None] = mapped_column(Text)
    risk_level: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    pd_sum: Mapped[Decimal] = mapped_column(Numeric)


class PdCount(Count, Base):
    """Counts by the band of the probability of default, which tell where a median lies."""

    __tablename__ = "pd_counts"
    __table_args__ = ({"schema": "credit", "info": _COUNTS},)

    pd_band: Mapped[int] = mapped_column(SmallInteger)


_OF_PREDICTION = "p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id"
_AS_THEIR_PREDICTIONS = read_write(
    read=f"exists (select 1 from credit.predictions p where {_OF_PREDICTION})",
    write=f"{IN_TENANT} and exists (select 1 from credit.predictions p where {_OF_PREDICTION}"
    f" and ({record_write('p.')}))",
)


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
                (*_AS_THEIR_PREDICTIONS, _COUNTS_ALL),
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
                (*policies_of_record(insert=_BESIDE_ITS_COMPANY), _COUNTS_ALL),
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
