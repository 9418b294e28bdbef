"""Which accounts look wrong though they can be scored: they contradict themselves, or hardly any filer is like them.

A check is one condition on the columns of a kind, which holds for floats and for arrays alike; a column that is missing
fails every condition. How many real filers each check flags stands in docs/guides/plausibility.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind
from accunode_scoring.plausible_ratios import ANNUAL_CHECKS, QUARTERLY_CHECKS, AnnualRatios, QuarterlyRatios
from accunode_scoring.plausible_statements import STATEMENT_CHECKS
from accunode_scoring.score import Flag
from accunode_scoring.statement_lines import ARRAYS, FLOATS, Arithmetic, lines

Vector = NDArray[np.float64]

_CHECKS = MappingProxyType(
    {Kind.ANNUAL: ANNUAL_CHECKS, Kind.QUARTERLY: QUARTERLY_CHECKS, Kind.STATEMENT: STATEMENT_CHECKS}
)


@dataclass(frozen=True, slots=True)
class PlausibilityCheck:
    """A flag, and the condition on the accounts that raises it."""

    flag: Flag
    holds: Callable[[Any], Any]


CHECKS: Mapping[Kind, tuple[PlausibilityCheck, ...]] = MappingProxyType(
    {
        kind: tuple(PlausibilityCheck(Flag(code, column, message), holds) for code, column, message, holds in checks)
        for kind, checks in _CHECKS.items()
    }
)
VOCABULARIES: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {kind: tuple(str(check.flag) for check in checks) for kind, checks in CHECKS.items()}
)


def flags_of_row(kind: Kind, row: Sequence[float]) -> tuple[Flag, ...]:
    """What looks wrong in one row, in the order of the kind's columns, NaN where missing."""
    values = read_accounts(kind, row, FLOATS)
    return tuple(check.flag for check in CHECKS[kind] if check.holds(values))


def bits_of_matrix(kind: Kind, columns: Sequence[Vector]) -> NDArray[np.uint32]:
    """The same of n rows by columns of shape (n,): bit i stands for `VOCABULARIES[kind][i]`."""
    bits = np.zeros(len(columns[0]), np.uint32)
    with np.errstate(invalid="ignore", over="ignore"):
        values = read_accounts(kind, columns, ARRAYS)
        for place, check in enumerate(CHECKS[kind]):
            np.bitwise_or(bits, np.uint32(1 << place), out=bits, where=check.holds(values))
    return bits


def read_accounts(kind: Kind, columns: Sequence[Any], do: Arithmetic) -> Any:
    """What the conditions of a kind take: its ratios, or the lines of its statement."""
    if kind is Kind.STATEMENT:
        return lines(columns, do)
    return (AnnualRatios if kind is Kind.ANNUAL else QuarterlyRatios)(*columns)
