"""The page of the checks on accounts, with the share of the population's filers that each flags."""

from collections.abc import Iterable

import numpy as np

from accunode_ml.training.data import Accounts
from accunode_scoring.feature_sets import FEATURE_SETS
from accunode_scoring.features import FeatureSet
from accunode_scoring.implausible import IMPLAUSIBLE, refusals_of_matrix
from accunode_scoring.kinds import Kind
from accunode_scoring.plausibility import CHECKS, bits_of_matrix

_INTRODUCTION = """# Accounts that look wrong

A score says nothing of a statement that contradicts itself, so what looks wrong is flagged beside it: in answers,
lists, results of uploads and exports as `code:column`, and in an explanation with its sentence. Such accounts are
scored as they are; a flag asks for a look at the source. Amounts that cannot be negative count by their magnitude, and
what is missing raises no flag.

The rate is the share of {count:,} fiscal years of US filers, {first} to {last}, that have the flag, and the last row
that with any. `make plausibility-page` writes this page."""


_REFUSALS = """## Refused
Where no reading makes sense, a call is answered 422 with the code `implausible` at the column, and a row of a file is
refused with it. What is stored already is scored again all the same.

| kind | column | says | filers |
|---|---|---|---:|"""


def plausibility_page(accounts: Accounts) -> str:
    """The page in Markdown."""
    years = accounts.fiscal_year
    parts = [_INTRODUCTION.format(count=len(accounts), first=years.min(), last=years.max())]
    for kind in Kind:
        feature_set = next(each for each in FEATURE_SETS.values() if each.kind is kind)
        parts.append("\n".join((f"## {kind.value.capitalize()}", *_table(feature_set, accounts))))
    parts.append("\n".join((_REFUSALS, *_refusals(accounts))))
    return "\n\n".join(parts) + "\n"


def _table(feature_set: FeatureSet, accounts: Accounts) -> Iterable[str]:
    bits = bits_of_matrix(feature_set.kind, [accounts.columns[name] for name in feature_set.columns])
    yield "| flag | says | filers |"
    yield "|---|---|---:|"
    for place, check in enumerate(CHECKS[feature_set.kind]):
        share = np.mean(bits >> np.uint32(place) & np.uint32(1))
        yield f"| `{check.flag}` | {check.flag.message}. | {100 * share:.3f} % |"
    yield f"| any | | {100 * np.mean(bits > 0):.3f} % |"


def _refusals(accounts: Accounts) -> Iterable[str]:
    for kind, checks in IMPLAUSIBLE.items():
        if not checks:
            continue
        feature_set = next(each for each in FEATURE_SETS.values() if each.kind is kind)
        refused = [problem.message for _, problem in refusals_of_matrix(kind, accounts.matrix(feature_set.columns))]
        for check in checks:
            share = 100 * refused.count(check.message) / len(accounts)
            yield f"| {kind} | `{check.column}` | {check.message} | {share:.3f} % |"
