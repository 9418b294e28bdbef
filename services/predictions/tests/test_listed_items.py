"""An item of a list says what the single resource says, to the byte, although no model of it is built."""

from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import PageOf
from accunode_common.models.columns import AccessLevel
from accunode_credit.columns import INPUTS, RATIO_COLUMNS
from accunode_credit.models.credit import Company, Prediction
from accunode_predictions.predictions.rendering import detail, item
from accunode_predictions.predictions.repository import OF_COMPANY
from accunode_predictions.predictions.schemas import PredictionFields, WithReasons
from accunode_scoring import PROBABILITIES, Kind, RiskLevel
from accunode_scoring.checks import AMOUNT_SENTINEL
from accunode_scoring.codes import CODES

NUMBERS = st.floats(-AMOUNT_SENTINEL, AMOUNT_SENTINEL)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
MOMENTS = st.datetimes(timezones=st.just(UTC))
CODE_NUMBERS = st.lists(st.integers(1, len(CODES)), max_size=5)
CODES_IN_WORDS = st.lists(st.sampled_from(CODES), max_size=5)


@st.composite
def records(draw: st.DrawFn) -> tuple[Prediction, Company]:
    """A prediction as it may be stored, with its company."""
    kind = draw(st.sampled_from(Kind))
    company = Company(
        id=draw(st.uuids()), name=draw(TEXT), symbol=draw(TEXT | st.none()), sector=draw(TEXT | st.none())
    )
    has_words = draw(st.booleans())
    amounts = st.fixed_dictionaries({}, optional=dict.fromkeys(INPUTS[Kind.STATEMENT], NUMBERS | st.integers(-9, 9)))
    values: dict[str, Any] = {
        **{name: draw(st.floats(0, 1)) for name in PROBABILITIES},
        **{name: draw(NUMBERS | st.none()) for name in RATIO_COLUMNS},
        "amounts": draw(amounts) if kind is Kind.STATEMENT else None,
        "reason_words": draw(CODES_IN_WORDS) if has_words else [],
        "flag_words": draw(CODES_IN_WORDS) if has_words else [],
        "reason_numbers": None if has_words else draw(CODE_NUMBERS),
        "flag_numbers": None if has_words else draw(CODE_NUMBERS | st.none()),
        "fiscal_quarter": draw(st.integers(1, 4)) if kind is Kind.QUARTERLY else None,
        "organization_id": draw(st.uuids() | st.none()),
        "job_id": draw(st.uuids() | st.none()),
        "row_number": draw(st.integers(1, 2**31 - 1) | st.none()),
        "access_level": draw(st.sampled_from(AccessLevel)).value,
        "log_odds_shift": draw(st.sampled_from([0.0, 0.75, -1.25])),
        "risk_level": draw(st.sampled_from(RiskLevel)).value,
    }
    prediction = Prediction(
        id=draw(st.uuids()),
        kind=kind,
        fiscal_year=draw(st.integers(1900, 2100)),
        model_version=draw(TEXT),
        grade=draw(TEXT),
        created_by=draw(st.uuids()),
        created_at=draw(MOMENTS),
        updated_at=draw(MOMENTS),
        version=draw(st.integers(1, 2**31 - 1)),
        **values,
    )
    return prediction, company


def listed(prediction: Prediction, company: Company) -> dict[str, Any]:
    """What the repository lists of them."""
    has_words = bool(prediction.reason_words)
    codes = {
        name: " ".join(words) if has_words else numbers if numbers is None else "{" + ",".join(map(str, numbers)) + "}"
        for name, words, numbers in (
            ("reason_codes", prediction.reason_words, prediction.reason_numbers),
            ("flags", prediction.flag_words, prediction.flag_numbers),
        )
    }
    inputs = ("amounts",) if prediction.kind is Kind.STATEMENT else INPUTS[prediction.kind]
    return {
        **{name: getattr(prediction, name, None) for name in PredictionFields.model_fields},
        **codes,
        "company": company.id,
        "fiscal_quarter": prediction.fiscal_quarter,
        **{f"company_{name}": getattr(company, name) for name in OF_COMPANY},
        **{name: getattr(prediction, name) for name in inputs},
    }


@given(records())
def test_an_item_of_a_list_is_what_the_single_prediction_says(record: tuple[Prediction, Company]) -> None:
    single = detail(*record, score=None)
    beside = set(WithReasons.model_fields)
    shown = f'{{"items":[{single.model_dump_json(exclude=beside)}],"next_cursor":null,"total":1}}'
    assert PageReply(PageOf([item(listed(*record))], None, 1)).body.decode() == shown
