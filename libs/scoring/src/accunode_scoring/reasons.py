"""Reason codes and their plain words."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from struct import pack, unpack

from accunode_scoring.features import LIMIT
from accunode_scoring.model_file import Reference
from accunode_scoring.ratios import Ratio, Unit
from accunode_scoring.score import Direction
from accunode_scoring.states import State, state_rule

DIRECTIONS: tuple[Direction, Direction] = ("lowers", "raises")
CODE_BITS = 0xFF


def vocabulary(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Every reason code of a model: `column.state.direction`."""
    return tuple(
        f"{column}.{state.name}.{direction}"
        for column in columns
        for state in state_rule(column).states
        for direction in DIRECTIONS
    )


def strength(contribution: float, code: int) -> int:
    """Sort key: the contribution's magnitude, its last bits replaced by the code so that ties have an order."""
    key: int = unpack("<q", pack("<d", abs(contribution)))[0]
    return (key & ~CODE_BITS) | code


def percentile(value: float, reference: Reference) -> float:
    """Share of the reference population below `value`, 0 to 100; half of those equal count as below."""
    quantiles = reference.quantiles
    return 50.0 * (bisect_left(quantiles, value) + bisect_right(quantiles, value)) / len(quantiles)


_WRITTEN: Mapping[Unit, str] = {
    "percent": "{:.1f} %",
    "multiple": "{:.2f}x",
    "amount": "{:,.1f} million",
    "days": "{:.0f} days",
}


_BEYOND: Mapping[str, str] = {"ebit_to_interest_expense": "has no limit, as there is no debt"}
_BELOW: Mapping[str, str] = {"return_on_capital": "means nothing without positive capital"}

UNDIRECTED = frozenset({"sga_margin"})
"""What is in itself neither good nor bad."""


def format_value(value: float, unit: Unit) -> str:
    """A value as people write it: `12.5 %`, `3.20x`."""
    return _WRITTEN[unit].format(value)


def sentence(ratio: Ratio, state: State, value: float, rank: float | None, direction: Direction) -> str:
    """One reason in plain words."""
    effect = f"which {direction} the probability of default"
    if rank is None:
        words = "is not given" if direction == "raises" else state.words
        return f"{ratio.label} {words}, {effect}."
    if abs(value) >= LIMIT:
        words = state.words or (_BEYOND if value > 0.0 else _BELOW).get(ratio.name, "has nothing in the denominator")
        return f"{ratio.label} {words}, {effect}."
    shown = format_value(value, ratio.unit)
    if state.degenerate and direction == "lowers":
        effect = "which, beside what the other ratios say of it, lowers the probability of default"
    if state.words:
        return f"{ratio.label} ({shown}) {state.words}, {effect}."
    side, share = ("higher", rank) if rank >= 50.0 else ("lower", 100.0 - rank)
    most = "nearly all companies" if share >= 99.5 else f"{share:.0f} % of companies"
    if ratio.name in UNDIRECTED:
        often = "more" if direction == "raises" else "less"
        effect = f"and companies with about such a ratio default {often} often, {effect}"
    return f"{ratio.label} of {shown} is {side} than that of {most}, {effect}."
