"""The numbers of reason codes and flags."""

import hashlib

import pytest

from accunode_scoring.codes import CODES, codes_of, numbers_of
from accunode_scoring.feature_sets import FEATURE_SETS
from accunode_scoring.features import FeatureSet
from accunode_scoring.flags import Flagger
from accunode_scoring.model_file import Reference
from accunode_scoring.plausibility import VOCABULARIES
from accunode_scoring.reasons import vocabulary
from accunode_scoring.states import state_rule

GIVEN = {
    244: "13f2f50265a16e152027ce3237ab1e894ebc503602e8ab32c8a5f249d87d7faf",
    271: "1aa2030a74569ede1baa4f7eab9f5b6995020e9303dea767537f02d48f9b4f8f",
}
"""How many codes had numbers, and the SHA-256 of those. Codes that are appended get a line of their own."""

MOST_NUMBERS = 2**15 - 1


@pytest.mark.parametrize("count", GIVEN)
def test_no_number_ever_stands_for_another_code(count: int) -> None:
    assert hashlib.sha256("\n".join(CODES[:count]).encode()).hexdigest() == GIVEN[count]


def test_all_numbers_are_given_for_ever_and_fit_into_what_is_stored() -> None:
    assert max(GIVEN) == len(CODES) == len(set(CODES)) <= MOST_NUMBERS


@pytest.mark.parametrize("feature_set", FEATURE_SETS.values(), ids=FEATURE_SETS)
def test_whatever_a_model_can_say_has_a_number(feature_set: FeatureSet) -> None:
    explained = tuple(ratio.name for ratio in feature_set.explained)
    references = [Reference(quantiles=(), edges=(), shares=(), low=0.0, high=1.0)] * len(explained)
    flags = Flagger(feature_set, [state_rule(name) for name in explained], references).vocabulary
    said = [*vocabulary(explained), *flags, *VOCABULARIES[feature_set.kind]]
    assert codes_of(numbers_of(said)) == said
