"""Bands of the probability of default."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accunode_credit.bands import BAND_BOUNDS, BANDS, bands_of
from accunode_scoring import RISK_LEVELS, risk_level


@given(st.floats(0, 1) | st.sampled_from([*BAND_BOUNDS, 0.02, 0.05, 0.15]))
def test_a_probability_lies_in_a_band_of_its_risk_level(pd: float) -> None:
    assert bisect_right(BAND_BOUNDS, pd) in bands_of(risk_level(pd))


def test_every_band_belongs_to_one_level_in_order() -> None:
    assert [band for level in RISK_LEVELS for band in bands_of(level)] == list(BANDS)


def test_no_band_is_wider_than_a_fifth_of_its_probability() -> None:
    assert max(high / low for low, high in zip(BAND_BOUNDS, [*BAND_BOUNDS[1:], 1.0], strict=True)) == pytest.approx(
        1.13, abs=0.02
    )
