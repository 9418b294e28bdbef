"""A row of a chunk is stored as a single prediction of the same inputs is."""

import json
from typing import Any

import pyarrow as pa
import pytest

from accunode_credit.columns import SCORE_COLUMNS, stored_inputs, stored_score
from accunode_ml.bulk.scoring import score_rows
from accunode_scoring import Kind, ModelLibrary, Scorer


def _inputs(scorer: Scorer) -> list[dict[str, float | None]]:
    """Usual values, one row with the last column missing, and ever larger ones, which have flags."""
    usual = {name: 10.0 + 3.0 * place for place, name in enumerate(reversed(scorer.columns))}
    last = scorer.columns[-1]
    return [usual, {**usual, last: None}, *({**usual, scorer.columns[0]: 10.0**power} for power in (2, 4, 5))]


def _read(name: str, value: Any) -> Any:
    """A value as PostgreSQL reads it from the notation of a chunk."""
    if name.endswith("_numbers") and value is not None:
        return [int(number) for number in value.strip("{}").split(",")]
    return json.loads(value) if name == "amounts" and value is not None else value


@pytest.mark.parametrize("kind", list(Kind))
def test_a_chunks_row_has_the_columns_of_a_single_prediction(models: ModelLibrary, kind: Kind) -> None:
    scorer = models.champion(kind)
    inputs = _inputs(scorer)
    chunk = score_rows(pa.table({name: [row[name] for row in inputs] for name in scorer.columns}), scorer, None)
    seen_flags = set()
    for row, laid_out in zip(inputs, chunk.rows.to_pylist(), strict=True):
        single = {**stored_inputs(kind, row), **stored_score(scorer.score(row))}
        assert set(SCORE_COLUMNS) <= set(single)
        assert single.pop("model_version") == chunk.model_version
        stored = {name: _read(name, laid_out[name]) for name in single}
        assert _rounded(stored) == _rounded(single)
        seen_flags.add(tuple(single["flag_numbers"] or ()))
    assert len(seen_flags) > 1


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: float(f"{value:.10g}") if isinstance(value, float) else value for name, value in values.items()}
