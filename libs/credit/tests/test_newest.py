"""Which of a company's predictions is newest."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from accunode_credit.models.credit import Prediction
from accunode_credit.newest import newest_first, oldest_first, recency


@pytest.mark.parametrize(
    ("older", "newer"),
    [((2023, None), (2024, 1)), ((2024, 3), (2024, None)), ((2024, 1), (2024, 2)), ((2023, 4), (2024, None))],
)
def test_the_later_period_is_newer(older: tuple[int, int | None], newer: tuple[int, int | None]) -> None:
    assert recency(*older) < recency(*newer)


def test_a_year_ends_with_its_fourth_quarter() -> None:
    assert recency(2024, None) == recency(2024, 4)


def test_one_order_is_the_other_backwards() -> None:
    downwards = {"ASC": "DESC", "DESC": "ASC"}
    turned = [f"{text} {downwards[way]}" for text, way in (str(each).rsplit(" ", 1) for each in newest_first())]
    assert turned == [str(each) for each in oldest_first()]


def test_the_order_can_be_that_of_another_name_for_the_table() -> None:
    named = aliased(Prediction, name="p")
    ordered = str(select(named.id).order_by(*newest_first(named)))
    assert ordered.endswith("p.fiscal_year DESC, coalesce(p.fiscal_quarter, :coalesce_1) DESC, p.kind ASC")
