"""Scores one row or a matrix with one model version."""

import math
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.checks import check_values
from accunode_scoring.engine import BLOCK_ROWS
from accunode_scoring.kinds import Kind, risk_level, risk_level_index
from accunode_scoring.model_file import ModelFile
from accunode_scoring.ratios import RATIOS
from accunode_scoring.reasons import CODE_BITS, DIRECTIONS, percentile, sentence, strength, vocabulary
from accunode_scoring.scale import DEFAULT_SCALE, MasterScale
from accunode_scoring.score import Contribution, Flag, Reason, Score, ScoreMatrix
from accunode_scoring.states import state_rule

Vector = NDArray[np.float64]

TOP_REASONS = 4


class Scorer:
    """One model version, ready to score."""

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.kind: Kind = model.kind
        self.version: str = model.version
        self.columns: tuple[str, ...] = model.feature_set.columns
        self.codes = vocabulary(self.columns)
        self._ratios = {ratio.name: ratio for ratio in RATIOS[self.kind]}
        self._rules = tuple(state_rule(column) for column in self.columns)
        self._references = tuple(model.reference[column] for column in self.columns)
        self._first_code: list[int] = []
        for rule in self._rules:
            self._first_code.append(sum(2 * len(r.states) for r in self._rules[: len(self._first_code)]))
            del rule
        self._shares = tuple(
            tuple((self.columns.index(parent), 1.0 / len(feature.parents)) for parent in feature.parents)
            for feature in model.feature_set.features
        )
        self.flag_vocabulary = tuple(
            f"{code}:{column}" for column in self.columns for code in ("missing", "out_of_range", "degenerate")
        )

    def score(self, values: Mapping[str, float | None], *, scale: MasterScale | None = None) -> Score:
        """Score one company from its ratios by column; absent, None and NaN are missing.

        Raises InputRefusedError for what can't be scored (see `check_values`).
        """
        row = check_values(values, self.columns)
        result = self.model.engine.row(self.model.feature_set.of_row(row))
        contributions = [0.0] * len(self.columns)
        for value, shares in zip(result.contributions, self._shares, strict=True):
            for column, share in shares:
                contributions[column] += value * share
        log_odds = result.ensemble[0]
        pd = _probability(log_odds)
        pd_2y = max(pd, _probability(result.ensemble[1]))
        pd_3y = max(pd_2y, _probability(result.ensemble[2]))
        half_width = self._half_width(log_odds)
        states = [rule.of_row(value) for rule, value in zip(self._rules, row, strict=True)]
        return Score(
            kind=self.kind,
            model_version=self.version,
            pd=pd,
            pd_2y=pd_2y,
            pd_3y=pd_3y,
            pd_scorecard=self._calibrated("scorecard", result.scorecard),
            pd_lightgbm=self._calibrated("lightgbm", result.lightgbm),
            pd_low=_probability(log_odds - half_width),
            pd_high=_probability(log_odds + half_width),
            grade=(scale or DEFAULT_SCALE).grade(pd).name,
            risk_level=risk_level(pd),
            base=self.model.engine.base,
            contributions=tuple(map(Contribution, self.columns, contributions)),
            reasons=self._reasons(row, states, contributions),
            flags=self._flags(row, states),
        )

    def score_matrix(self, x: Vector, *, scale: MasterScale | None = None, explain: bool = False) -> ScoreMatrix:
        """Score n rows given as a matrix of shape (n, len(columns)), NaN where missing.

        Rows are taken as they are; refuse bad ones before with `check_matrix`.
        """
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise ValueError(f"expected a matrix of {len(self.columns)} columns, got shape {x.shape}")
        n, k = x.shape
        probabilities = [np.empty(n) for _ in range(7)]
        flags = np.empty(n, np.uint32)
        codes = np.empty((n, TOP_REASONS), np.uint8) if explain else None
        effects = np.empty((n, k)) if explain else None
        for start in range(0, n, BLOCK_ROWS):
            part = slice(start, min(start + BLOCK_ROWS, n))
            self._score_block(
                x[part],
                [array[part] for array in probabilities],
                flags[part],
                None if codes is None else codes[part],
                None if effects is None else effects[part],
            )
        scale = scale or DEFAULT_SCALE
        pd = probabilities[0]
        return ScoreMatrix(
            self.columns,
            *probabilities,
            grade=scale.grade_index(pd),
            grades=scale.names,
            risk_level=risk_level_index(pd),
            flags=flags,
            flag_vocabulary=self.flag_vocabulary,
            base=self.model.engine.base,
            codes=self.codes,
            reason_codes=codes,
            contributions=effects,
        )

    def _score_block(
        self,
        x: Vector,
        probabilities: list[Vector],
        flags: NDArray[np.uint32],
        codes: NDArray[np.uint8] | None,
        effects: Vector | None,
    ) -> None:
        columns = [np.ascontiguousarray(x[:, place]) for place in range(x.shape[1])]
        result = self.model.engine.block(self.model.feature_set.of_matrix(columns))
        pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high = probabilities
        one, two, three = result.ensemble
        _probabilities(one, pd)
        np.maximum(_probabilities(two, pd_2y), pd, out=pd_2y)
        np.maximum(_probabilities(three, pd_3y), pd_2y, out=pd_3y)
        for name, raw, out in (
            ("scorecard", result.scorecard, pd_scorecard),
            ("lightgbm", result.lightgbm, pd_lightgbm),
        ):
            intercept, slope = self.model.calibration[name]
            _probabilities(intercept + slope * raw, out)
        half_width = np.interp(one, *self.model.interval)
        _probabilities(one - half_width, pd_low)
        _probabilities(one + half_width, pd_high)
        states = [rule.of_matrix(values) for rule, values in zip(self._rules, columns, strict=True)]
        flags[:] = self._flag_bits(columns, states)
        if codes is not None and effects is not None:
            self._explain(result.contributions, states, codes, effects)

    def _explain(
        self,
        by_feature: list[Vector],
        states: list[NDArray[np.uint8]],
        codes: NDArray[np.uint8],
        effects: Vector,
    ) -> None:
        totals = [np.zeros(len(codes)) for _ in self.columns]
        for values, shares in zip(by_feature, self._shares, strict=True):
            for column, share in shares:
                totals[column] += values * share
        keys = np.empty((len(self.columns), len(codes)), np.int64)
        for place, (total, state) in enumerate(zip(totals, states, strict=True)):
            effects[:, place] = total
            code = self._first_code[place] + 2 * state.astype(np.int64) + (total > 0.0)
            np.bitwise_or(np.abs(total).view(np.int64) & ~CODE_BITS, code, out=keys[place])
        keys.sort(axis=0)
        codes[:] = (keys[: -TOP_REASONS - 1 : -1] & CODE_BITS).T

    def _flag_bits(self, columns: list[Vector], states: list[NDArray[np.uint8]]) -> NDArray[np.uint32]:
        bits = np.zeros(len(columns[0]), np.uint32)
        for place, (values, state, rule, reference) in enumerate(
            zip(columns, states, self._rules, self._references, strict=True)
        ):
            bits |= (state == 1).astype(np.uint32) << np.uint32(3 * place)
            outside = (values < reference.low) | (values > reference.high)
            bits |= outside.astype(np.uint32) << np.uint32(3 * place + 1)
            degenerate = np.array([s.degenerate for s in rule.states])
            if degenerate.any():
                bits |= degenerate[state].astype(np.uint32) << np.uint32(3 * place + 2)
        return bits

    def _flags(self, row: tuple[float, ...], states: list[int]) -> tuple[Flag, ...]:
        flags: list[Flag] = []
        for column, value, state, rule, reference in zip(
            self.columns, row, states, self._rules, self._references, strict=True
        ):
            label = self._ratios[column].label
            if state == 1:
                flags.append(Flag("missing", column, f"{label} is not given"))
                continue
            if value < reference.low or value > reference.high:
                flags.append(
                    Flag(
                        "out_of_range",
                        column,
                        f"{label} lies outside {reference.low:g} to {reference.high:g}, where all but 0.2 % of companies are",
                    )
                )
            if rule.states[state].degenerate:
                flags.append(Flag("degenerate", column, f"{label} {rule.states[state].words}"))
        return tuple(flags)

    def _reasons(self, row: tuple[float, ...], states: list[int], contributions: list[float]) -> tuple[Reason, ...]:
        ordered: list[tuple[int, int, int]] = []
        for place, (state, contribution) in enumerate(zip(states, contributions, strict=True)):
            code = self._first_code[place] + 2 * state + (contribution > 0.0)
            ordered.append((strength(contribution, code), place, code))
        ordered.sort(reverse=True)
        reasons: list[Reason] = []
        for _, place, code in ordered:
            value, state, contribution = row[place], states[place], contributions[place]
            given = not math.isnan(value)
            rank = percentile(value, self._references[place]) if given else None
            direction = DIRECTIONS[contribution > 0.0]
            ratio = self._ratios[self.columns[place]]
            text = sentence(ratio, self._rules[place].states[state], value, rank, direction)
            reasons.append(
                Reason(self.codes[code], ratio.name, value if given else None, direction, rank, contribution, text)
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
