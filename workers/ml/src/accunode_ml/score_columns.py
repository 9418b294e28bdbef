"""The scores of a matrix by the columns of predictions that they are stored in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from accunode_scoring import PROBABILITIES, ScoreMatrix
from accunode_scoring.codes import numbers_of
from accunode_scoring.score import NO_REASON


def stored_columns(scores: ScoreMatrix) -> dict[str, Any]:
    """The scores by the columns that they are stored in; reasons and flags in PostgreSQL's notation of arrays.

    Raises:
        ValueError: They were made without reasons.
    """
    return {
        **{name: getattr(scores, name) for name in PROBABILITIES},
        "log_odds_shift": np.full(len(scores), scores.log_odds_shift),
        "grade": _take(scores.grades, scores.grade),
        "risk_level": _take(tuple(level.value for level in scores.risk_levels), scores.risk_level),
        "reason_numbers": _reason_arrays(scores),
        "flag_numbers": _flag_arrays(scores),
    }


def _take(names: tuple[str | None, ...], places: NDArray[np.integer]) -> NDArray[np.object_]:
    taken: NDArray[np.object_] = np.array(names, dtype=object)[places]
    return taken


def _reason_arrays(scores: ScoreMatrix) -> pa.Array:
    """The numbers of the reasons of each row."""
    if scores.reason_codes is None:
        raise ValueError("what is stored is scored with its reasons")
    numbers = [""] * (NO_REASON + 1)
    numbers[: len(scores.codes)] = [f",{number}" for number in numbers_of(scores.codes)]
    written = pa.array(numbers)
    joined = pc.binary_join_element_wise(*(written.take(pa.array(places)) for places in scores.reason_codes.T), "")
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")


def _flag_arrays(scores: ScoreMatrix) -> NDArray[np.object_]:
    """The numbers of the flags of each row, None without any; few combinations occur, so each is written once."""
    _, of_model = np.unique(scores.flags, return_inverse=True)
    all_of = of_model.astype(np.uint64) << np.uint64(32) | scores.oddities
    _, firsts, places = np.unique(all_of, return_index=True, return_inverse=True)
    return _take(tuple(_array(numbers_of(scores.flags_of(row))) for row in firsts.tolist()), places)


def _array(numbers: Sequence[int]) -> str | None:
    return f"{{{','.join(map(str, numbers))}}}" if numbers else None
