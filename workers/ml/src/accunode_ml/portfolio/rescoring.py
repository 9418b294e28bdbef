"""What becomes of a batch of predictions that are scored again, and what a rescoring says of itself so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from accunode_credit.columns import DECISIVE_OF_SCORE, input_matrix
from accunode_ml.leased.model import JobModel, can_score
from accunode_ml.portfolio.distribution import ScoreDistribution, Scores
from accunode_ml.score_columns import stored_columns

MOST_REFUSALS = 100
"""How many predictions that cannot be scored a result names."""


@dataclass(frozen=True, slots=True)
class RescoredBatch:
    """Stored predictions with their new scores.

    Attributes:
        rows: As they are stored.
        scored: Whether each can be scored.
        changed: Whether each gets a score that differs in what decides.
        columns: The new scores of all rows, by the columns that they are stored in.
        refusals: Which cannot be scored, and why.
    """

    rows: Sequence[Mapping[Any, Any]]
    scored: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    columns: Mapping[str, NDArray[Any]]
    refusals: list[dict[str, str]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[Any, Any]], model: JobModel) -> Self:
        """Score stored predictions with another model, or on another scale."""
        scorer = model.scorer
        matrix = input_matrix(rows, scorer.columns)
        scored = can_score(scorer, matrix)
        columns = {
            name: np.asarray(values)
            for name, values in stored_columns(scorer.score_matrix(matrix, scale=model.scale, explain=True)).items()
        }
        new = {**columns, "model_version": np.full(len(rows), scorer.version, dtype=object)}
        differs = [
            [row[name] != value for row, value in zip(rows, new[name], strict=True)] for name in DECISIVE_OF_SCORE
        ]
        refusals = [
            {"prediction_id": str(rows[row]["id"]), "message": problem.message}
            for row, problem in scorer.problems(matrix)
        ]
        return cls(rows, scored, scored & np.any(differs, axis=0), columns, refusals)

    @property
    def before(self) -> Scores:
        """The stored scores of those that can be scored."""
        return Scores.stored([self.rows[row] for row in np.flatnonzero(self.scored).tolist()])

    @property
    def after(self) -> Scores:
        """The new scores of the same."""
        pd, grades, levels = (self.columns[name][self.scored] for name in ("pd", "grade", "risk_level"))
        return Scores(pd, grades.tolist(), levels.tolist())

    def changes(self) -> dict[str, list[Any]]:
        """The new scores of those that change, by column, and their `id`."""
        ids = [self.rows[row]["id"] for row in np.flatnonzero(self.changed).tolist()]
        new = {name: values.astype(object)[self.changed].tolist() for name, values in self.columns.items()}
        return {"id": ids, **new}


def add_to_result(result: Mapping[str, Any], batch: RescoredBatch, order: Sequence[str]) -> dict[str, Any]:
    """A rescoring's result with a batch more; the grades come in their order."""
    before, after = ScoreDistribution(result.get("before")), ScoreDistribution(result.get("after"))
    before.add(batch.before)
    after.add(batch.after)
    return {
        "changed": result.get("changed", 0) + int(batch.changed.sum()),
        "unchanged": result.get("unchanged", 0) + int((batch.scored & ~batch.changed).sum()),
        "refused": [*result.get("refused", []), *batch.refusals][:MOST_REFUSALS],
        "before": before.as_dict(order),
        "after": after.as_dict(order),
    }
