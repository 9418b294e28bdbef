"""Pure scoring: ratios in; probability of default, grade and reasons out. Needs numpy only."""

from accunode_scoring.checks import SENTINEL, InputProblem, InputRefusedError, check_matrix, check_values
from accunode_scoring.kinds import RISK_LEVEL_BOUNDS, RISK_LEVELS, Kind, RiskLevel, risk_level
from accunode_scoring.library import ModelEntry, ModelFilesError, ModelLibrary, UnknownModelError
from accunode_scoring.ratios import RATIOS, Ratio, match_heading
from accunode_scoring.scale import DEFAULT_SCALE, Grade, MasterScale, ScaleError
from accunode_scoring.score import PROBABILITIES, TOP_REASONS, Contribution, Flag, Reason, Score, ScoreMatrix
from accunode_scoring.scorer import Scorer
from accunode_scoring.statement import derive_ratios

__all__ = [
    "DEFAULT_SCALE",
    "PROBABILITIES",
    "RATIOS",
    "RISK_LEVELS",
    "RISK_LEVEL_BOUNDS",
    "SENTINEL",
    "TOP_REASONS",
    "Contribution",
    "Flag",
    "Grade",
    "InputProblem",
    "InputRefusedError",
    "Kind",
    "MasterScale",
    "ModelEntry",
    "ModelFilesError",
    "ModelLibrary",
    "Ratio",
    "Reason",
    "RiskLevel",
    "ScaleError",
    "Score",
    "ScoreMatrix",
    "Scorer",
    "UnknownModelError",
    "check_matrix",
    "check_values",
    "derive_ratios",
    "match_heading",
    "risk_level",
]
