"""Bands of the probability of default."""

import psycopg
import pytest

from accunode_credit.bands import BAND_BOUNDS


def test_bands_are_those_of_the_column_that_the_database_makes(superuser: psycopg.Connection) -> None:
    made = superuser.execute(
        "select pg_get_expr(adbin, adrelid) from pg_attrdef join pg_attribute on adrelid = attrelid and adnum = attnum"
        " where adrelid = 'credit.predictions'::regclass and attname = 'pd_band'"
    ).fetchone()
    assert made is not None
    assert "{" + ",".join(map(str, BAND_BOUNDS)) + "}" in made[0]


def test_no_band_is_wider_than_a_fifth_of_its_probability() -> None:
    assert max(high / low for low, high in zip(BAND_BOUNDS, [*BAND_BOUNDS[1:], 1.0], strict=True)) == pytest.approx(
        1.13, abs=0.02
    )
