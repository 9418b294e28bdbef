"""Background jobs, their chunks, and what became of each row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger, Text

from accunode_common.db.access import (
    IN_TENANT,
    ORGANIZATION,
    READ_REACH,
    RECORD_COUNT,
    RECORD_INSERT,
    RECORD_READ,
    RECORD_WRITE,
    WRITE_REACH,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
    record_write,
)
from accunode_common.db.base import Base, TenantOwned, Versioned
from accunode_common.models.columns import (
    AccessLevel,
    one_of,
    organization_matches_access_level,
    system_belongs_to_the_platform,
)
from accunode_credit.models.kind_column import KindText
from accunode_scoring import Kind

_SUBMITTED = (
    "tenant_id, id, created_by, created_at, access_level, organization_id, submitter_organization_id, read_reach,"
    " write_reach"
)
_SERVICES = (DatabaseRole.BULK, DatabaseRole.PREDICTIONS)


class JobType(StrEnum):
    """What a background job does."""

    BULK_UPLOAD = "bulk_upload"
    RESCORE = "rescore"
    STRESS = "stress"
    DRIFT = "drift"


class JobState(StrEnum):
    """Where a job stands; the last four are final."""

    QUEUED = "queued"
    INGESTING = "ingesting"
    SCORING = "scoring"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = frozenset({JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS, JobState.FAILED, JobState.CANCELLED})

UNFINISHED_STATES = tuple(state for state in JobState if state not in FINAL_STATES)
UNFINISHED = "state in ({})".format(", ".join(f"'{state}'" for state in UNFINISHED_STATES))
"""The condition that a job has not ended, as its index has it: PostgreSQL uses that for no other wording."""

INGEST_FAILED = "ingest_failed"
"""The error code of a job whose file could not be read, though nothing may be wrong with it."""

CHUNK_FAILED = "chunk_failed"
"""The code of rows that are rejected because their chunk is quarantined."""


class ChunkState(StrEnum):
    """Where a chunk stands; a quarantined one failed three times."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"


class OnConflict(StrEnum):
    """What happens to a row whose company and period are stored already."""

    UPDATE = "update"
    SKIP = "skip"
    ERROR = "error"


class RowOutcome(StrEnum):
    """What became of a row that was not stored."""

    REJECTED = "rejected"
    SKIPPED = "skipped"


_worker_in_tenant = Policy("works", Command.ALL, using=IN_TENANT, roles=(DatabaseRole.WORKER,))
_relay_sees_all = Policy("relays", Command.SELECT, using="true", roles=(DatabaseRole.RELAY,))
_relay_frees = Policy(
    "frees", Command.UPDATE, using="state = 'leased'", check="state = 'ready'", roles=(DatabaseRole.RELAY,)
)


_submitted_as_caller = (
    f"{RECORD_INSERT} and read_reach = {READ_REACH} and write_reach = {WRITE_REACH}"
    f" and submitter_organization_id is not distinct from {ORGANIZATION}"
)


class Job(TenantOwned, Versioned, Base):
    """A background job. Its creator, organization and reaches are its submitter's: the workers act within them."""

    resource_types = ("job", "bulk_upload")
    __tablename__ = "jobs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"], ["tenancy.organizations.tenant_id", "tenancy.organizations.id"]
        ),
        Index(None, "tenant_id", "type", "id"),
        Index(
            "ix_jobs_unfinished",
            "tenant_id",
            "id",
            postgresql_where=text(UNFINISHED),
        ),
        # Exports were jobs once; the constraint narrows when no running version knows them.
        CheckConstraint("type in ('bulk_upload', 'rescore', 'stress', 'export', 'drift')", name="type"),
        one_of("state", JobState),
        one_of("on_conflict", OnConflict),
        one_of("access_level", AccessLevel),
        organization_matches_access_level(),
        system_belongs_to_the_platform(),
        CheckConstraint("rows_accepted + rows_rejected + rows_skipped <= rows_total", name="row_counts"),
        {
            "schema": "bulk",
            "info": access(
                (
                    *read_write(read=RECORD_READ, write=RECORD_WRITE, insert=_submitted_as_caller, roles=_SERVICES),
                    RECORD_COUNT,
                    _worker_in_tenant,
                    _relay_sees_all,
                ),
                {
                    DatabaseRole.BULK: ("SELECT", "INSERT", f"UPDATE EXCEPT ({_SUBMITTED})", "DELETE"),
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT"),
                    DatabaseRole.TENANTS: ("SELECT (tenant_id, id, created_at, file_bytes)",),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", f"UPDATE EXCEPT ({_SUBMITTED})"),
                    DatabaseRole.RELAY: ("SELECT (tenant_id, id, type, state, updated_at)",),
                },
            ),
        },
    )

    type: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=JobState.QUEUED)
    access_level: Mapped[str] = mapped_column(Text)
    organization_id: Mapped[UUID | None]
    submitter_organization_id: Mapped[UUID | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    read_reach: Mapped[str] = mapped_column(Text)
    write_reach: Mapped[str] = mapped_column(Text)

    kind: Mapped[Kind | None] = mapped_column(KindText)
    on_conflict: Mapped[str] = mapped_column(Text, server_default=OnConflict.UPDATE)
    dry_run: Mapped[bool] = mapped_column(server_default="false")
    model_version: Mapped[str | None] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    file_name: Mapped[str | None] = mapped_column(Text)
    file_key: Mapped[str | None] = mapped_column(Text)
    file_bytes: Mapped[int | None] = mapped_column(BigInteger)
    file_sha256: Mapped[str | None] = mapped_column(Text)
    file_report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    rows_total: Mapped[int] = mapped_column(server_default="0")
    rows_accepted: Mapped[int] = mapped_column(server_default="0")
    rows_rejected: Mapped[int] = mapped_column(server_default="0")
    rows_skipped: Mapped[int] = mapped_column(server_default="0")
    chunks_total: Mapped[int] = mapped_column(server_default="0")
    chunks_done: Mapped[int] = mapped_column(server_default="0")
    error_code: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    request_id: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    ingested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def _policies_of_part(table: str) -> tuple[Policy, ...]:
    """Who sees a job sees its parts; who changes it changes them."""
    job = f"exists (select 1 from bulk.jobs j where j.tenant_id = {table}.tenant_id and j.id = {table}.job_id"
    return read_write(read=f"{job})", write=f"{job} and ({record_write('j.')}))", roles=(DatabaseRole.BULK,))


class Chunk(Base):
    """A run of accepted rows that one task scores; `fence` rises with each lease, so a late worker cannot finish it.

    `leased_by` is the process in `ops.workers` that has the lease, and `row_numbers` are the file's rows in the chunk.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "job_id"], ["bulk.jobs.tenant_id", "bulk.jobs.id"], ondelete="CASCADE"),
        Index(
            "ix_chunks_leased",
            "lease_expires_at",
            postgresql_where=text("state = 'leased'"),
        ),
        one_of("state", ChunkState),
        {
            "schema": "bulk",
            "info": access(
                (
                    *_policies_of_part("chunks"),
                    _worker_in_tenant,
                    _relay_sees_all,
                    _relay_frees,
                ),
                {
                    DatabaseRole.BULK: ("SELECT", "UPDATE", "DELETE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", "UPDATE", "DELETE"),
                    DatabaseRole.RELAY: (
                        "SELECT (tenant_id, job_id, number, state, attempts, lease_expires_at, leased_by, updated_at)",
                        "UPDATE (state, attempts, lease_expires_at, leased_by, updated_at)",
                    ),
                },
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Text, server_default=ChunkState.READY)
    rows: Mapped[int]
    rows_stored: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_expires_at: Mapped[datetime | None]
    leased_by: Mapped[UUID | None]
    row_numbers: Mapped[Any | None] = mapped_column(INT4MULTIRANGE)
    error_message: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"), onupdate=text("now()"))


class RowIssue(Base):
    """Why a row of the file was not stored: one line per problem, numbered as the file's lines are."""

    __tablename__ = "row_issues"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "job_id"], ["bulk.jobs.tenant_id", "bulk.jobs.id"], ondelete="CASCADE"),
        one_of("outcome", RowOutcome),
        {
            "schema": "bulk",
            "info": access(
                (*_policies_of_part("row_issues"), _worker_in_tenant),
                {
                    DatabaseRole.BULK: ("SELECT", "DELETE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", "DELETE"),
                },
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    outcome: Mapped[str] = mapped_column(Text)
    column_name: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    company: Mapped[str | None] = mapped_column(Text)
