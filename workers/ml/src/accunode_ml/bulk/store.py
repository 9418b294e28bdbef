"""Stores a scored chunk: the database tells what is there, rows are decided here, and what to store is copied once.

All of it is the caller's transaction, in the submitter's context: row-level security decides what they see and may
edit.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from accunode_credit.models.bulk import Job, OnConflict, RowOutcome
from accunode_ml.bulk.companies import Obligors, describe_companies, find_companies, find_or_add_companies
from accunode_ml.bulk.decisions import Decisions, Fate, periods
from accunode_ml.bulk.scoring import SHADOW, ScoredChunk
from accunode_ml.new_ids import new_ids
from accunode_ml.repositories import incoming, predictions, row_issues, shadow_scores

ROUNDS = 3
"""How often a row is looked at that somebody else is storing at the same time."""


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
    return _Storing(session, job, chunk).run()


class _Storing:
    def __init__(self, session: Session, job: Job, chunk: ScoredChunk) -> None:
        self._session, self._job, self._chunk = session, job, chunk
        self._mode = OnConflict(job.on_conflict)
        self._decisions = Decisions(chunk.rows)

    def run(self) -> Stored:
        session, job, rows, decisions = self._session, self._job, self._chunk.rows, self._decisions
        obligors = (find_companies if job.dry_run else find_or_add_companies)(session, job, rows)
        decisions.refuse_repeats(obligors.numbers())
        if job.dry_run:
            self._meet(obligors)
            decisions.add(decisions.open())
        else:
            if self._mode is OnConflict.UPDATE:
                describe_companies(session, job, rows, obligors, decisions.open())
            self._write(obligors)
            self._store_shadow()
        if decisions.issues:
            row_issues.copy(session, job, decisions.issues)
        return self._counts()

    def _meet(self, obligors: Obligors) -> None:
        """Decide the open rows whose company and period are stored. A company that is new has no stored prediction."""
        decisions, rows = self._decisions, self._chunk.rows
        places = decisions.open()
        numbers = obligors.numbers()[places]
        known = (numbers >= 0) & ~obligors.are_new()[places]
        if not known.any():
            return
        places, numbers = places[known], numbers[known]
        sought = rows.select(["fiscal_year", "fiscal_quarter"]).take(pa.array(places))
        sought = sought.append_column("place", pa.array(places))
        sought = sought.append_column("company_id", obligors.ids_of(numbers))
        lock = self._mode is OnConflict.UPDATE
        decisions.meet(predictions.find(self._session, self._job, sought, lock=lock), self._mode)

    def _write(self, obligors: Obligors) -> None:
        """Add and replace until every row is decided; rows that somebody else stored meanwhile are looked at again."""
        session, job, decisions, version = self._session, self._job, self._decisions, self._chunk.model_version
        numbers, are_new = obligors.numbers(), obligors.are_new()
        written = np.zeros(len(numbers), dtype=bool)
        for _ in range(ROUNDS):
            self._meet(obligors)
            replaced = np.flatnonzero((decisions.fates == Fate.REPLACES) & ~written)
            added = self._as_added(obligors, np.flatnonzero((decisions.fates == Fate.OPEN) & (numbers >= 0)))
            written[replaced] = True
            self._copy(obligors, added, replaced)
            if len(added) and are_new[added].all():
                predictions.add(session, job, version)
                decisions.add(added)
            elif len(added):
                decisions.add(decisions.places_of(predictions.add_unless_stored(session, job, version)))
            if len(replaced):
                predictions.replace(session, job, version)
            if not len(decisions.open()):
                return
        decisions.refuse_open()

    def _as_added(self, obligors: Obligors, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """The places in the order in which their rows are added, so that indexes by id grow at their end alone."""
        years, quarters = (column[places] for column in periods(self._chunk.rows))
        keys = {"company": obligors.ids_of(obligors.numbers()[places]), "year": -years, "quarter": -quarters}
        order = pc.sort_indices(pa.table(keys), [(name, "ascending") for name in keys])
        ordered: NDArray[np.intp] = places[order.to_numpy()]
        return ordered

    def _copy(self, obligors: Obligors, added: NDArray[np.intp], replaced: NDArray[np.intp]) -> None:
        decisions = self._decisions
        decisions.ids[added] = new_ids(len(added)).to_numpy(zero_copy_only=False)
        places = np.concatenate((added, replaced))
        rows = self._chunk.rows.take(pa.array(places))
        versions = pa.concat_arrays([pa.nulls(len(added), pa.string()), new_ids(len(replaced))])
        keys = {
            "id": pa.array(decisions.ids[places], pa.string()),
            "company_id": obligors.ids_of(obligors.numbers()[places]),
            "is_stored": pa.array(np.arange(len(places)) >= len(added)),
            "version_id": versions,
        }
        for name, column in keys.items():
            rows = rows.append_column(name, column)
        incoming.copy(self._session, rows)

    def _store_shadow(self) -> None:
        chunk = self._chunk
        if chunk.challenger is None:
            return
        pd = chunk.rows.column(SHADOW)
        places = np.flatnonzero(self._decisions.stored() & pd.is_valid().to_numpy())
        scores = {"prediction_id": pa.array(self._decisions.ids[places], pa.string()), "pd": pd.take(pa.array(places))}
        shadow_scores.store(self._session, self._job, chunk.challenger, pa.table(scores))

    def _counts(self) -> Stored:
        decisions = self._decisions
        accepted = self._chunk.rows.filter(pa.array(decisions.stored()))
        distributions = {
            name: dict(Counter(accepted.column(column).to_pylist()))
            for name, column in (("risk_levels", "risk_level"), ("grades", "grade"))
        }
        return Stored(
            accepted=accepted.num_rows,
            rejected=decisions.count(RowOutcome.REJECTED),
            skipped=decisions.count(RowOutcome.SKIPPED),
            distributions=distributions,
        )
