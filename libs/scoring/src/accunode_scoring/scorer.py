"""Scores one row or a matrix with one model version."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.central_tendency import shift_to
from accunode_scoring.checks import InputProblem, Limits, check_matrix, check_values
from accunode_scoring.engine import BLOCK_ROWS
from accunode_scoring.flags import Flagger
from accunode_scoring.kinds import Kind
from accunode_scoring.model_file import ModelFile, Reference
from accunode_scoring.plausibility import VOCABULARIES, bits_of_matrix, flags_of_row
from accunode_scoring.reasons import CODE_BITS, DIRECTIONS, percentile, sentence, strength, vocabulary
from accunode_scoring.scale import DEFAULT_SCALE, MasterScale
from accunode_scoring.score import NO_REASON, PROBABILITIES, TOP_REASONS, Contribution, Reason, Score, ScoreMatrix
from accunode_scoring.states import state_rule

Vector = NDArray[np.float64]

MOST_REASONS = 8
_MOST_MOVED = 256
SILENT = 1e-6
"""A contribution below it, in log-odds, is no reason."""


class Scorer:
    """One model version, ready to score. Safe to share between threads."""

    def __init__(self, model: ModelFile) -> None:
        feature_set = model.feature_set
        self.model = model
        self.kind: Kind = model.kind
        self.version: str = model.version
        self.columns: tuple[str, ...] = feature_set.columns
        self.explained: tuple[str, ...] = tuple(ratio.name for ratio in feature_set.explained)
        self.codes = vocabulary(self.explained)
        self._ratios = feature_set.explained
        self._rules = tuple(map(state_rule, self.explained))
        self._references = tuple(model.reference[name] for name in self.explained)
        counts = [2 * len(rule.states) for rule in self._rules]
        self._first_code = [sum(counts[:place]) for place in range(len(counts))]
        self._shares = feature_set.shares()
        self._limits: Limits = {
            "sentinel": feature_set.sentinel,
            "required": feature_set.required,
            "positive": feature_set.positive,
            "kind": feature_set.kind,
            "least": feature_set.least,
        }
        self._flagger = Flagger(feature_set, self._rules, self._references)
        self.flag_vocabulary = self._flagger.vocabulary
        self._moved: dict[float, Scorer] = {}

    @property
    def log_odds_shift(self) -> float:
        """What is added to every log-odds, of each family and horizon; 0 as the model was trained."""
        return self.model.log_odds_shift

    def at_rate(self, rate: float | None) -> "Scorer":
        """The same model with the mean of its reference population at a long-run default rate; itself without one.

        Raises:
            ValueError: The rate is out of `central_tendency`'s bounds.
        """
        return self if rate is None else self.shifted(shift_to(rate, self._population))

    def shifted(self, shift: float) -> "Scorer":
        """The same model with `shift` added to every log-odds, on top of its own; kept, as it is asked for often."""
        if shift == 0.0:
            return self
        found = self._moved.get(shift)
        if found is None:
            if len(self._moved) >= _MOST_MOVED:
                self._moved.clear()
            found = self._moved[shift] = self._shifted(shift)
        return found

    def _shifted(self, shift: float) -> "Scorer":
        return Scorer(self.model.shifted(shift))

    @property
    def _population(self) -> Reference:
        return self.model.reference["pd"]

    def score(self, values: Mapping[str, float | None], *, scale: MasterScale | None = None) -> Score:
        """Score one company from its values by column; absent, None and NaN are missing.

        Raises InputRefusedError for what can't be scored (see `check_values`).
        """
        return self.score_row(check_values(values, self.columns, **self._limits), scale)

    def problems(self, x: Vector) -> tuple[tuple[int, InputProblem], ...]:
        """Why rows of a matrix of shape (n, len(columns)) cannot be scored, as (row, problem) in row order."""
        return check_matrix(x, self.columns, **self._limits)

    def score_row(self, row: Sequence[float], scale: MasterScale | None = None) -> Score:
        """Score a checked row in the order of `columns`, NaN where missing."""
        feature_set = self.model.feature_set
        given = feature_set.settled_row(row)
        filled, typical = given, None
        if self.model.completion is not None:
            filled, typical = self.model.completion.row(given, self._log_odds)
        features = feature_set.of_row(filled)
        result = self.model.engine.row(features)
        contributions = [0.0] * len(self.explained)
        for value, shares in zip(result.contributions, self._shares, strict=True):
            for place, share in shares:
                contributions[place] += value * share
        log_odds = result.ensemble[0]
        pd, pd_2y, pd_3y = self._term(result.ensemble)
        lowest = log_odds if typical is None else min(typical, log_odds)
        half_width = self._half_width(log_odds)
        explained = features if feature_set.explains_features else given
        shown = features if feature_set.explains_features else row
        states = [rule.of_row(value) for rule, value in zip(self._rules, explained, strict=True)]
        grade = (scale or DEFAULT_SCALE).grade(pd)
        return Score(
            kind=self.kind,
            model_version=self.version,
            pd=pd,
            pd_2y=pd_2y,
            pd_3y=pd_3y,
            pd_scorecard=self._calibrated("scorecard", result.scorecard),
            pd_lightgbm=self._calibrated("lightgbm", result.lightgbm),
            pd_low=_probability(lowest - self._half_width(lowest)),
            pd_high=_probability(log_odds + half_width),
            grade=grade.name,
            risk_level=grade.risk_level,
            base=self.model.engine.base,
            contributions=tuple(map(Contribution, self.explained, contributions)),
            reasons=self._reasons(shown, explained, states, contributions),
            completeness=sum(not math.isnan(value) for value in given) / len(given),
            flags=self._flagger.of_row(row, shown, states) + flags_of_row(self.kind, row),
            log_odds_shift=self.log_odds_shift,
        )

    def _log_odds(self, row: Sequence[float]) -> float:
        return self.model.engine.row(self.model.feature_set.of_row(row)).ensemble[0]

    def _log_odds_of(self, columns: Sequence[Vector]) -> Vector:
        return self.model.engine.block(self.model.feature_set.of_matrix(columns)).ensemble[0]

    def _term(self, log_odds: Sequence[float]) -> tuple[float, float, float]:
        """Probabilities of default within 1, 2 and 3 years."""
        one, two, three = map(_probability, log_odds)
        if self.model.hazards:
            within_two = one + (1.0 - one) * two
            return one, within_two, within_two + (1.0 - within_two) * three
        two = max(one, two)
        return one, two, max(two, three)

    def score_matrix(self, x: Vector, *, scale: MasterScale | None = None, explain: bool = False) -> ScoreMatrix:
        """Score n rows given as a matrix of shape (n, len(columns)), NaN where missing.

        Rows are taken as they are; refuse those before that `problems` names.
        """
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise ValueError(f"expected a matrix of {len(self.columns)} columns, got shape {x.shape}")
        n = len(x)
        probabilities = {name: np.empty(n) for name in PROBABILITIES}
        flags = np.empty(n, np.uint64)
        oddities = np.empty(n, np.uint32)
        codes = np.empty((n, TOP_REASONS), np.uint8) if explain else None
        effects = np.empty((n, len(self.explained))) if explain else None
        for start in range(0, n, BLOCK_ROWS):
            part = slice(start, min(start + BLOCK_ROWS, n))
            oddities[part] = bits_of_matrix(self.kind, list(x[part].T))
            self._score_block(
                x[part],
                {name: array[part] for name, array in probabilities.items()},
                flags[part],
                None if codes is None else codes[part],
                None if effects is None else effects[part],
            )
        scale = scale or DEFAULT_SCALE
        grades = scale.grade_index(probabilities["pd"])
        return ScoreMatrix(
            columns=self.explained,
            **probabilities,
            grade=grades,
            grades=scale.names,
            risk_level=scale.risk_level_index(grades),
            flags=flags,
            flag_vocabulary=self.flag_vocabulary,
            oddities=oddities,
            oddity_vocabulary=VOCABULARIES[self.kind],
            base=np.full(n, self.model.engine.base),
            codes=self.codes,
            reason_codes=codes,
            contributions=effects,
            log_odds_shift=self.log_odds_shift,
        )

    def _score_block(
        self,
        x: Vector,
        out: Mapping[str, Vector],
        flags: NDArray[np.uint64],
        codes: NDArray[np.uint8] | None,
        effects: Vector | None,
    ) -> None:
        columns = list(np.ascontiguousarray(x.T))
        feature_set, completion = self.model.feature_set, self.model.completion
        given = feature_set.settled(columns)
        filled, gaps, typical = given, np.empty(0, np.intp), np.empty(0)
        if completion is not None:
            filled, gaps, typical = completion.matrix(given, self._log_odds_of)
        features = feature_set.of_matrix(filled)
        result = self.model.engine.block(features)
        one, two, three = result.ensemble
        pd = _probabilities(one, out["pd"])
        _probabilities(two, out["pd_2y"])
        _probabilities(three, out["pd_3y"])
        if self.model.hazards:
            out["pd_2y"] *= 1.0 - pd
            out["pd_2y"] += pd
            out["pd_3y"] *= 1.0 - out["pd_2y"]
            out["pd_3y"] += out["pd_2y"]
        else:
            np.maximum(out["pd_2y"], pd, out=out["pd_2y"])
            np.maximum(out["pd_3y"], out["pd_2y"], out=out["pd_3y"])
        for family, raw in (("scorecard", result.scorecard), ("lightgbm", result.lightgbm)):
            intercept, slope = self.model.calibration[family]
            _probabilities(intercept + slope * raw, out[f"pd_{family}"])
        half_width = np.interp(one, *self.model.interval)
        _probabilities(one + half_width, out["pd_high"])
        lowest = one - half_width
        if len(gaps):
            lower = np.minimum(typical, one[gaps])
            lowest[gaps] = lower - np.interp(lower, *self.model.interval)
        _probabilities(lowest, out["pd_low"])
        explained = features if feature_set.explains_features else given
        states = [rule.of_matrix(values) for rule, values in zip(self._rules, explained, strict=True)]
        flags[:] = self._flagger.of_matrix(columns, features if feature_set.explains_features else columns, states)
        if codes is not None and effects is not None:
            self._explain(result.contributions, states, codes, effects)

    def _explain(
        self,
        by_feature: list[Vector],
        states: list[NDArray[np.uint8]],
        codes: NDArray[np.uint8],
        effects: Vector,
    ) -> None:
        totals = [np.zeros(len(codes)) for _ in self.explained]
        for values, shares in zip(by_feature, self._shares, strict=True):
            for place, share in shares:
                totals[place] += values * share
        keys: list[NDArray[np.int64]] = []
        for place, (total, state) in enumerate(zip(totals, states, strict=True)):
            effects[:, place] = total
            code = state.astype(np.int64)
            code *= 2
            code += total > 0.0
            code += self._first_code[place]
            key = np.abs(total).view(np.int64)
            key &= ~CODE_BITS
            key |= code
            key[np.abs(total) < SILENT] = NO_REASON
            keys.append(key)
        lower = np.empty_like(keys[0])
        for rank in range(TOP_REASONS):
            for place in range(len(keys) - 1, rank, -1):
                np.minimum(keys[place - 1], keys[place], out=lower)
                np.maximum(keys[place - 1], keys[place], out=keys[place - 1])
                keys[place], lower = lower, keys[place]
            codes[:, rank] = keys[rank] & CODE_BITS

    def _reasons(
        self,
        shown_values: Sequence[float],
        explained: Sequence[float],
        states: list[int],
        contributions: list[float],
    ) -> tuple[Reason, ...]:
        ordered: list[tuple[int, int, int]] = []
        for _, place in nlargest(
            2 * MOST_REASONS, zip(map(abs, contributions), range(len(contributions)), strict=True)
        ):
            code = self._first_code[place] + 2 * states[place] + (contributions[place] > 0.0)
            ordered.append((strength(contributions[place], code), place, code))
        ordered.sort(reverse=True)
        reasons: list[Reason] = []
        for _, place, code in ordered[:MOST_REASONS]:
            value, contribution, ratio = explained[place], contributions[place], self._ratios[place]
            if abs(contribution) < SILENT:
                break
            shown, given = shown_values[place], not math.isnan(value)
            rank = percentile(value, self._references[place]) if given else None
            direction = DIRECTIONS[contribution > 0.0]
            text = sentence(ratio, self._rules[place].states[states[place]], value, rank, direction)
            reasons.append(
                Reason(
                    self.codes[code],
                    ratio.name,
                    None if math.isnan(shown) else shown,
                    direction,
                    rank,
                    contribution,
                    text,
                )
            )
        return tuple(reasons)

    def _calibrated(self, family: str, raw: float) -> float:
        intercept, slope = self.model.calibration[family]
        return _probability(intercept + slope * raw)

    def _half_width(self, log_odds: float) -> float:
        knots, widths = self.model.interval
        place = bisect_right(knots, log_odds)
        if place == 0:
            return widths[0]
        if place == len(knots):
            return widths[-1]
        slope = (widths[place] - widths[place - 1]) / (knots[place] - knots[place - 1])
        return slope * (log_odds - knots[place - 1]) + widths[place - 1]


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))


def _probabilities(log_odds: Vector, out: Vector) -> Vector:
    np.negative(log_odds, out=out)
    np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)
