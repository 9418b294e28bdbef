from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_common.tabular import (
    COMMA,
    POINT,
    Evidence,
    NumberFormat,
    NumberKind,
    Percent,
    default_format,
    parse_column,
    parse_number,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TWO_DECIMALS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@pytest.mark.parametrize(
    ("text", "value", "suffix"),
    [
        ("12.5", 12.5, ""),
        (" 12.5 ", 12.5, ""),
        ("+12.5", 12.5, ""),
        ("-0", -0.0, ""),
        (".5", 0.5, ""),
        ("5.", 5.0, ""),
        ("1,234.5", 1234.5, ""),
        ("1,234,567", 1234567.0, ""),
        ("1 234.5", 1234.5, ""),
        ("1\u00a0234\u00a0567.5", 1234567.5, ""),
        ("1\u202f234.5", 1234.5, ""),
        ("1'234.5", 1234.5, ""),
        ("1\u2019234.5", 1234.5, ""),
        ("13.98%", 13.98, "%"),
        ("13.98 %", 13.98, "%"),
        ("13.98\uff05", 13.98, "%"),
        ("3.2x", 3.2, "x"),
        ("3.2X", 3.2, "x"),
        ("3.2\u00d7", 3.2, "x"),
        ("(5.84)", -5.84, ""),
        ("(5.03x)", -5.03, "x"),
        ("(5.03)x", -5.03, "x"),
        ("( 12.3 % )", -12.3, "%"),
        ("\u22125.2", -5.2, ""),
        ("\u20135.2", -5.2, ""),
        ("- 5.2", -5.2, ""),
        ("5.2-", -5.2, ""),
        ("1.5e3", 1500.0, ""),
        ("1E-3", 0.001, ""),
        ("\uff11\uff12.5", 12.5, ""),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, value: float, suffix: str) -> None:
    parsed = parse_number(text)
    assert (parsed.kind, parsed.value, parsed.suffix) == (NumberKind.NUMBER, value, suffix)


@pytest.mark.parametrize(
    ("text", "value"),
    [("31,15", 31.15), ("-1.085,70 %", -1085.70), ("0,40", 0.4), ("1.234", 1234.0), ("1 234,5", 1234.5), ("7", 7.0)],
)
def test_a_comma_column_takes_decimal_commas_and_thousands_points(text: str, value: float) -> None:
    assert parse_number(text, COMMA).value == value


@pytest.mark.parametrize(
    "text",
    [
        *("see note 4", "TBD", "12.3.4", "12,34.5", "0,123", "1,23", "31,15", "12 5", "--5", "(-5)", "(5", "5)", "-5-"),
        *("%", "x", "5%%", "5x%", "(5%)x", "12\u00b2", "1_000", "0x10", "\u0661\u0662", "1e", "e5", "5 million", "$5"),
        *("#REF!", "()"),
    ],
)
def test_what_is_not_surely_a_number_is_none(text: str) -> None:
    assert parse_number(text).kind is NumberKind.NOT_A_NUMBER
    column = parse_column([text])
    assert column.problems == {0: NumberKind.NOT_A_NUMBER}
    assert np.isnan(column.values[0])


@pytest.mark.parametrize("text", ["inf", "-Infinity", "\u221e", "nan", "NaN", "1e999", "(inf)", "-1e400"])
def test_infinities_and_nan_texts_are_told_apart_from_numbers(text: str) -> None:
    assert parse_number(text).kind is NumberKind.NOT_FINITE
    assert parse_column([text]).problems == {0: NumberKind.NOT_FINITE}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "\u00a0",
            "-",
            "\u2013",
            "\u2014",
            "NM",
            "nm",
            "N/A",
            "n/a",
            "n.a.",
            "NA",
            "#N/A",
            "#DIV/0!",
            "null",
        ),
        *("NULL", "None", "none", "b.d.", "k.A.", "K.A."),
    ],
)
def test_missing_tokens_are_missing_in_any_case(text: str) -> None:
    assert parse_number(text).kind is NumberKind.MISSING
    column = parse_column([text, "1.5"])
    assert column.problems == {}
    assert np.isnan(column.values[0])
    assert column.values[1] == 1.5


def test_missing_tokens_can_be_extended() -> None:
    assert parse_number("tbd", missing=frozenset({"tbd"})).kind is NumberKind.MISSING


def test_an_unclear_number_in_a_mixed_column_is_not_read() -> None:
    mixed = NumberFormat(".", mixed=True)
    assert parse_number("1,234", mixed).kind is NumberKind.NOT_A_NUMBER
    assert parse_number("1.234", mixed).kind is NumberKind.NOT_A_NUMBER
    assert parse_number("0.234", mixed).value == 0.234
    assert parse_column(["1.234", "12.5"], mixed).problems == {0: NumberKind.NOT_A_NUMBER}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["31,15", "1.085,70"], COMMA),
        (["31.15", "1,085.70"], POINT),
        (["0,088", "1,234"], COMMA),
        (["1234,567"], COMMA),
        (["1,234,567"], POINT),
        (["1.234.567"], COMMA),
        (["(31,15 %)", "NM", "2,5x"], COMMA),
        (["12.3.4", "31.12.2014", "12,34,56", "a,b", "7", ""], POINT),
        (["1.5"] * 50 + ["2,5"], POINT),
        (["1.5"] * 5 + ["2,5"] * 3, NumberFormat(".", mixed=True)),
    ],
)
def test_a_column_tells_its_decimal_sign(cells: list[str], expected: NumberFormat) -> None:
    assert Evidence().see(cells).number_format() == expected


def test_without_evidence_the_delimiter_decides_between_thousands_and_decimals() -> None:
    unclear = Evidence().see(["1,234", "31,964"])
    assert default_format(unclear, ";") == COMMA
    assert default_format(unclear, ",") == POINT
    assert default_format(Evidence().see(["1.234"]), ";") == POINT
    assert default_format(unclear + Evidence().see(["2.5"]), ";") == POINT


def test_typed_cells_keep_their_values() -> None:
    cells: list[Any] = [
        1,
        2.5,
        Decimal("0.1"),
        None,
        float("nan"),
        Percent(12.34),
        float("inf"),
        True,
        date(2014, 1, 1),
        "3.5%",
    ]
    column = parse_column(cells)
    assert column.values[[0, 1, 2, 5, 9]].tolist() == [1.0, 2.5, 0.1, 12.34, 3.5]
    assert column.problems == {
        6: NumberKind.NOT_FINITE,
        7: NumberKind.NOT_A_NUMBER,
        8: NumberKind.NOT_A_NUMBER,
    }
    assert column.suffixes == {5: "%", 9: "%"}


def test_only_an_unexpected_suffix_is_listed() -> None:
    assert parse_column(["5%", "5x", "5"], suffix="%").suffixes == {1: "x"}
    assert parse_column(["5%", "(5x)", "5"], suffix="x").suffixes == {0: "%"}


@settings(deadline=None)
@given(FINITE)
def test_a_floats_own_text_gives_the_float_back(value: float) -> None:
    assert parse_number(repr(value)).value == value
    assert parse_column([repr(value)]).values[0] == value
    assert parse_number(repr(value).replace(".", ","), COMMA).value == value


@settings(deadline=None)
@given(
    TWO_DECIMALS, st.sampled_from([",", " ", "\u00a0", "'", ""]), st.sampled_from(["", "%", " %", "x"]), st.booleans()
)
def test_a_written_number_is_the_float_of_its_canonical_text(
    number: Decimal, group: str, suffix: str, parentheses: bool
) -> None:
    written = f"{abs(number):,.2f}".replace(",", group)
    if number.is_signed():
        written = f"({written}{suffix})" if parentheses else f"-{written}{suffix}"
    else:
        written += suffix
    assert parse_number(written).value == float(str(number))
    assert parse_column([written]).values[0] == float(str(number))
    swapped = written.translate(str.maketrans(".,", ",."))
    assert parse_number(swapped, COMMA).value == float(str(number))
    assert parse_column([swapped], COMMA).values[0] == float(str(number))


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.none(), st.booleans())))
def test_a_column_is_read_as_its_cells_are_one_by_one(cells: list[Any]) -> None:
    for number_format in (POINT, COMMA, NumberFormat(".", mixed=True)):
        together = parse_column(cells, number_format)
        for position, cell in enumerate(cells):
            alone = parse_column([cell], number_format)
            np.testing.assert_equal(together.values[position], alone.values[0])
            assert together.problems.get(position) == alone.problems.get(0)
            if isinstance(cell, str):
                parsed = parse_number(cell, number_format)
                np.testing.assert_equal(alone.values[0], parsed.value)
                if parsed.kind in {NumberKind.NUMBER, NumberKind.MISSING}:
                    assert alone.problems == {}
                else:
                    assert alone.problems == {0: parsed.kind}
