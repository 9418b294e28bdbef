"""Stores a scored chunk: one copy, then a fixed number of statements, all in the caller's transaction.

Each row of `incoming` gets an outcome; what cannot be stored gets a code and a message too. Row-level security decides
what the submitter sees and may edit: selecting for update shows editable rows only.

Stored rows are looked up in lateral subqueries with `offset 0`, once for each incoming row and through one index. Left
free, and without statistics of a table or of an owner who is new, the planner expects an owner to have one row, begins
with it, and walks through all incoming rows for each of those there really are. Edits are upserts for the same reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from accunode_credit.columns import DECISIVE_COLUMNS, INPUT_COLUMNS, SCORE_COLUMNS
from accunode_credit.models.bulk import Job, OnConflict
from accunode_credit.scope import scope_id
from accunode_ml.bulk.companies import DESCRIPTIONS, fill_companies, find_companies, find_or_make_companies
from accunode_ml.bulk.incoming import copy_in
from accunode_ml.bulk.scoring import ScoredChunk
from accunode_ml.bulk.shadow import store_shadow
from accunode_ml.inputs import kept_version
from accunode_ml.jobs import kind_of
from accunode_scoring import Kind

ROUNDS = 3
"""How often a row is looked at that somebody else is storing at the same time."""

_SCORED = (*INPUT_COLUMNS, *(name for name in SCORE_COLUMNS if name != "model_version"))


def _changed(given: str, model_version: str) -> str:
    """Whether a stored prediction differs from what is given now."""
    stored = ", ".join(f"p.{name}" for name in DECISIVE_COLUMNS)
    now = ", ".join(model_version if name == "model_version" else f"{given}.{name}" for name in DECISIVE_COLUMNS)
    return f"({stored}) is distinct from ({now})"


def _stored(columns: str, *, quarterly: bool) -> str:
    """The stored prediction of the company and period of `n`. Its kind is compared so that no other index fits."""
    quarter = "p.fiscal_quarter = n.fiscal_quarter" if quarterly else "p.fiscal_quarter is null"
    return f"""
        select {columns} from credit.predictions p
        where p.tenant_id = n.tenant_id and p.company_id = n.obligor and p.kind || '' = :kind
          and p.fiscal_year = n.fiscal_year and {quarter} offset 0
    """  # noqa: S608


_REPEATED = text("""
    with ranked as (
        select row_number,
            first_value(row_number) over (
                partition by coalesce(obligor::text, name_key), fiscal_year, fiscal_quarter order by row_number
            ) as first
        from incoming
    )
    update incoming i
    set outcome = 'rejected', code = 'conflict_duplicate',
        message = format('Row %s is about the same company and period.', r.first)
    from ranked r
    where r.row_number = i.row_number and r.first <> r.row_number
""")


def _find_stored(kind: Kind) -> TextClause:
    stored = _stored("p.id, p.job_id, p.row_number", quarterly=kind is Kind.QUARTERLY)
    return text(f"""
        update incoming i
        set stored = f.id,
            outcome = case when f.repeats is not null then 'rejected' end,
            code = case when f.repeats is not null then 'conflict_duplicate' end,
            message = format('Row %s is about the same company and period.', f.repeats)
        from (
            select n.row_number, p.id, case when p.job_id = :job_id and p.row_number <> n.row_number
                then p.row_number end as repeats
            from incoming n cross join lateral ({stored}) p
            where n.outcome is null
        ) f
        where f.row_number = i.row_number
    """)  # noqa: S608


def _lock_editable(kind: Kind) -> TextClause:
    stored = _stored("p.id", quarterly=kind is Kind.QUARTERLY)
    return text(f"""
        with editable as materialized (
            select n.row_number from (
                select * from incoming where outcome is null and stored is not null
                order by obligor, fiscal_year, fiscal_quarter offset 0
            ) n cross join lateral ({stored} for no key update) p
        )
        update incoming i set outcome = 'edited' from editable e where i.row_number = e.row_number
    """)  # noqa: S608


_TELL = "format(cast(:message as text), name, fiscal_year || coalesce('Q' || fiscal_quarter, ''))"
_REFUSE = text(f"""
    update incoming set outcome = :outcome, code = :code, message = {_TELL}
    where stored is not null and outcome is null
""")  # noqa: S608


def _keep_versions(kind: Kind) -> TextClause:
    """Keeps predictions as they were, in the form that editing one by one keeps them in."""
    stored = _stored("p.*", quarterly=kind is Kind.QUARTERLY)
    return text(f"""
        insert into credit.prediction_versions (tenant_id, id, prediction_id, version, snapshot, replaced_by)
        select p.tenant_id, n.version_id, p.id, p.version,
            {kept_version(kind)}, :user_id
        from (select * from incoming where outcome = 'edited' offset 0) n cross join lateral ({stored}) p
        where {_changed("n", "cast(:model_version as text)")}
    """)  # noqa: S608


_FIND_STORED = {kind: _find_stored(kind) for kind in Kind}
_LOCK_EDITABLE = {kind: _lock_editable(kind) for kind in Kind}
_KEEP_VERSIONS = {kind: _keep_versions(kind) for kind in Kind}
_INSERT = f"""
    insert into credit.predictions as p (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, fiscal_quarter, {", ".join(_SCORED)}, model_version, job_id, row_number)
    select tenant_id, prediction_id, :access_level, :organization_id, :user_id, obligor, :kind,
        fiscal_year, fiscal_quarter, {", ".join(_SCORED)}, :model_version, :job_id, row_number
    from incoming
"""  # noqa: S608
_EDIT = text(f"""
    {_INSERT} where outcome = 'edited'
    on conflict (tenant_id, company_id, kind, fiscal_year, fiscal_quarter) do update
    set {", ".join(f"{name} = excluded.{name}" for name in _SCORED)}, model_version = excluded.model_version,
        job_id = excluded.job_id, row_number = excluded.row_number,
        version = p.version + ({_changed("excluded", "excluded.model_version")})::int, updated_at = now()
""")  # noqa: S608
# Newest first: the first row of a company takes the mark of its newest, and the others need not pass it on.
_ADD = text(f"""
    with added as (
        {_INSERT} where outcome is null and obligor is not null
        order by obligor, fiscal_year desc, fiscal_quarter desc
        on conflict do nothing returning row_number
    )
    update incoming i set outcome = 'new' from added a where a.row_number = i.row_number
""")  # noqa: S608
_WOULD_ADD = text("update incoming set outcome = 'new' where outcome is null")
_UNDECIDED = text("select exists (select 1 from incoming where outcome is null)")
_EDITED = text("select exists (select 1 from incoming where outcome = 'edited')")
_GIVE_UP = text(f"""
    update incoming set outcome = 'rejected', code = :code, message = {_TELL} where outcome is null
""")  # noqa: S608
_WRITE_ISSUES = text("""
    insert into bulk.row_issues (tenant_id, job_id, row_number, position, outcome, code, message, company)
    select :tenant_id, :job_id, row_number, 0, outcome, code, message, name
    from incoming where outcome in ('rejected', 'skipped')
""")
_COUNT = text("select outcome, risk_level, grade, count(*) as rows from incoming group by outcome, risk_level, grade")

_STORED = {"code": "already_stored", "message": "%s is stored for %s already."}
_NOT_EDITABLE = {"code": "not_editable", "message": "%s is stored for %s already and belongs to somebody else."}
_REFUSALS: Mapping[OnConflict, Mapping[str, str]] = {
    OnConflict.SKIP: {"outcome": "skipped", **_STORED},
    OnConflict.ERROR: {"outcome": "rejected", **_STORED},
    OnConflict.UPDATE: {"outcome": "rejected", **_NOT_EDITABLE},
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a chunk's rows.

    Attributes:
        accepted: Rows that are stored now, or would be in a dry run.
        rejected: Rows refused, with a row issue each.
        skipped: Rows passed over, with a row issue each.
        distributions: Accepted rows by risk level and by grade.
    """

    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    distributions: dict[str, dict[str, int]] = field(default_factory=dict)


def store(session: Session, job: Job, chunk: ScoredChunk) -> Stored:
    """Store the chunk's rows for the job, in a transaction that runs in its submitter's context."""
    scope: dict[str, Any] = {
        "tenant_id": job.tenant_id,
        "scope_id": scope_id(job),
        "job_id": job.id,
        "kind": job.kind,
        "access_level": job.access_level,
        "organization_id": job.organization_id,
        "user_id": job.created_by,
        "model_version": chunk.model_version,
    }
    copy_in(session, chunk.rows, tenant_id=job.tenant_id, scope_id=scope_id(job))
    if job.dry_run:
        find_companies(session)
    else:
        find_or_make_companies(session, scope)
    session.execute(_REPEATED)
    _decide(session, job, scope, describes=_describes_companies(chunk))
    if chunk.challenger is not None and not job.dry_run:
        store_shadow(session, chunk.challenger)
    session.execute(_WRITE_ISSUES, scope)
    return _counts(session)


def _decide(session: Session, job: Job, scope: dict[str, Any], *, describes: bool) -> None:
    mode, kind = OnConflict(job.on_conflict), kind_of(job)
    if mode is OnConflict.UPDATE and describes and not job.dry_run:
        fill_companies(session, scope)
    for _ in range(ROUNDS):
        session.execute(_FIND_STORED[kind], scope)
        if mode is OnConflict.UPDATE:
            session.execute(_LOCK_EDITABLE[kind], scope)
        session.execute(_REFUSE, _REFUSALS[mode])
        if job.dry_run:
            session.execute(_WOULD_ADD)
            return
        session.execute(_ADD, scope)
        if not session.execute(_UNDECIDED).scalar_one():
            break
    else:
        # What stands in the way is not to be seen: it is somebody else's.
        session.execute(_GIVE_UP, _NOT_EDITABLE)
    if mode is OnConflict.UPDATE and session.execute(_EDITED).scalar_one():
        session.execute(_KEEP_VERSIONS[kind], scope)
        session.execute(_EDIT, scope)


def _describes_companies(chunk: ScoredChunk) -> bool:
    return any(chunk.rows.column(name).null_count < chunk.rows.num_rows for name in DESCRIPTIONS)


def _counts(session: Session) -> Stored:
    totals = {"accepted": 0, "rejected": 0, "skipped": 0}
    distributions: dict[str, dict[str, int]] = {"risk_levels": {}, "grades": {}}
    for row in session.execute(_COUNT):
        if row.outcome in totals:
            totals[row.outcome] += row.rows
            continue
        totals["accepted"] += row.rows
        for name, key in (("risk_levels", row.risk_level), ("grades", row.grade)):
            distributions[name][key] = distributions[name].get(key, 0) + row.rows
    return Stored(**totals, distributions=distributions)
