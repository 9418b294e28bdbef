"""What a challenger says of a chunk's rows, beside the champion; whatever it does, the job does not notice."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.log import get_logger
from accunode_credit.champion import Version
from accunode_credit.grading import Grading
from accunode_ml.bulk.scoring import SHADOW, ScoredChunk, ratio_matrix
from accunode_scoring import ModelLibrary, Scorer

logger = get_logger(__name__)


def score_beside(
    chunk: ScoredChunk, rows: pa.Table, models: ModelLibrary, challenger: Version, grading: Grading
) -> ScoredChunk:
    """The scored chunk of `rows` with the challenger's probabilities, or as it is where the challenger fails."""
    try:
        pd = _probabilities(rows, grading.at_level(challenger.scorer(models)))
    except Exception:
        # Whatever is wrong with a model that only looks on, it must not cost the job its rows.
        logger.exception("challenger failed", kind=challenger.kind, version=challenger.version)
        return chunk
    place = chunk.rows.column_names.index(SHADOW)
    beside = chunk.rows.set_column(place, SHADOW, pa.array(pd, from_pandas=True))
    return replace(chunk, rows=beside, challenger=challenger.version)


def _probabilities(rows: pa.Table, scorer: Scorer) -> NDArray[np.float64]:
    """Of shape (n,), NaN for rows that this version would refuse."""
    matrix = ratio_matrix(rows, scorer.columns)
    pd = scorer.score_matrix(matrix).pd
    for row, _ in scorer.problems(matrix):
        pd[row] = np.nan
    return pd
