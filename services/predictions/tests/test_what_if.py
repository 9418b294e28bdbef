"""What would be if: every state that an answer shows is one that scoring gives the same probability."""

from collections.abc import Callable
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_credit.examples import example_of
from accunode_scoring import DEFAULT_SCALE, Kind

Body = Callable[..., dict[str, Any]]
PREDICTIONS = "/api/v1/predictions"
ANNUAL = f"{PREDICTIONS}/annual"
LOSS = {
    "long_term_debt_to_total_capital": 95.0,
    "total_debt_to_ebitda": -12.0,
    "net_income_margin": -40.0,
    "ebit_to_interest_expense": -2.5,
    "return_on_assets": -35.0,
}
WEAK: dict[str, dict[str, Any]] = {
    "annual": {
        **example_of(Kind.ANNUAL),
        "total_debt_to_ebitda": 9.0,
        "net_income_margin": -6.0,
        "return_on_assets": -5.0,
    },
    "quarterly": {**example_of(Kind.QUARTERLY), "total_debt_to_ebitda": 14.0, "return_on_capital": -2.0},
    "statement": {**example_of(Kind.STATEMENT), "operating_expenses_musd": 930.0, "net_income_musd": -40.0},
}


def place_of(kind: str) -> str:
    return "amounts" if kind == "statement" else "ratios"


async def scored(client: ServiceClient, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    reply = await client.post(f"{PREDICTIONS}/{kind}/score", json={"rows": [{place_of(kind): inputs}]})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["items"][0]
    return found


async def ask(client: ServiceClient, kind: str, **body: Any) -> dict[str, Any]:
    reply = await client.post(f"{PREDICTIONS}/{kind}/what-if", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def sound(inputs: dict[str, Any]) -> bool:
    """Whether signs of ratios that share an account agree."""
    margin, on_assets = inputs["net_income_margin"], inputs["return_on_assets"]
    loss = inputs["total_debt_to_ebitda"] < 0.0
    return bool((margin > 0.0) == (on_assets > 0.0) and not (loss and inputs["ebit_to_interest_expense"] > 0.0))


@pytest.mark.parametrize("kind", list(WEAK))
async def test_a_target_said_reached_is_reached_when_the_state_shown_is_scored(
    api: ServiceClient, world: World, kind: str
) -> None:
    client, inputs = api.as_(world.one.org_member), WEAK[kind]
    reached = 0
    for number, grade in enumerate(DEFAULT_SCALE.names):
        answer = (await ask(client, kind, **{place_of(kind): inputs}, target_grade=grade))["target"]
        after = await scored(client, kind, answer["inputs"])
        assert after["pd"] == pytest.approx(answer["pd"], rel=1e-12)
        assert after["grade"] == answer["grade"]
        assert (DEFAULT_SCALE.names.index(after["grade"]) <= number) or not answer["reached"]
        assert answer["says"].startswith(f"{grade} is {'reached' if answer['reached'] else 'out of reach'}")
        reached += answer["reached"] and bool(answer["steps"])
    assert reached


async def test_steps_lead_from_the_company_as_it_is_to_the_state_shown(api: ServiceClient, world: World) -> None:
    client = api.as_(world.one.org_member)
    found = await ask(client, "annual", ratios=LOSS, target_pd=0.004)
    target = found["target"]
    assert target["reached"]
    assert target["pd"] < 0.004 == target["target_pd"]
    assert target["steps"][0]["pd_before"] == pytest.approx(found["pd"], rel=1e-12)
    assert target["steps"][-1]["pd_after"] == pytest.approx(target["pd"], rel=1e-12)
    for before, after in zip(target["steps"], target["steps"][1:], strict=False):
        assert before["pd_after"] == pytest.approx(after["pd_before"], rel=1e-12)
        assert before["share"] <= after["share"]
    for move in target["moves"]:
        assert move["before"] == LOSS[move["column"]]
        assert move["after"] == target["inputs"][move["column"]]
        assert "per 100 of total assets" in move["why"]


async def test_no_way_to_a_low_level_leaves_ebitda_and_ebit_negative(api: ServiceClient, world: World) -> None:
    client = api.as_(world.one.org_member)
    ways = 0
    for grade in DEFAULT_SCALE.names:
        target = (await ask(client, "annual", ratios=LOSS, target_grade=grade))["target"]
        assert sound(target["inputs"])
        if target["reached"] and target["risk_level"] == "LOW":
            assert target["inputs"]["total_debt_to_ebitda"] > 0.0
            assert target["inputs"]["ebit_to_interest_expense"] > 0.0
            ways += 1
    assert ways


async def test_every_point_of_a_curve_is_a_state_whose_ratios_agree(api: ServiceClient, world: World) -> None:
    client = api.as_(world.one.org_member)
    for start in (example_of(Kind.ANNUAL), LOSS):
        found = await ask(client, "annual", ratios=start)
        assert found["target"] is found["changed"] is None
        assert [each["ratio"] for each in found["sensitivities"]] == list(start)
        for each in found["sensitivities"]:
            for point in each["curve"]:
                assert point["inputs"][each["ratio"]] == point["value"]
                if point["inputs"]["total_debt_to_ebitda"] and point["inputs"]["ebit_to_interest_expense"] is not None:
                    assert sound(point["inputs"])
            assert each["pd_lowest"] == min(point["pd"] for point in each["curve"])
    last = found["sensitivities"][-1]["curve"][0]
    assert (await scored(client, "annual", last["inputs"]))["pd"] == pytest.approx(last["pd"], rel=1e-12)


async def test_new_values_move_what_shares_an_account_and_say_why(api: ServiceClient, world: World) -> None:
    client, start = api.as_(world.one.org_member), example_of(Kind.ANNUAL)
    changed = (await ask(client, "annual", ratios=start, changes={"return_on_assets": 6.0}))["changed"]
    moves = {move["column"]: move for move in changed["moves"]}
    assert moves.keys() == start.keys() - {"long_term_debt_to_total_capital"}
    assert [name for name, move in moves.items() if move["given"]] == ["return_on_assets"]
    assert "Net income from 3.70 to 6.00" in moves["net_income_margin"]["why"]
    assert moves["ebit_to_interest_expense"]["after"] > start["ebit_to_interest_expense"]
    assert moves["total_debt_to_ebitda"]["after"] < start["total_debt_to_ebitda"]
    assert changed["remarks"] == []
    assert (await scored(client, "annual", changed["inputs"]))["pd"] == pytest.approx(changed["pd"], rel=1e-12)


async def test_new_values_that_contradict_are_kept_and_said_so(api: ServiceClient, world: World) -> None:
    client = api.as_(world.one.org_member)
    changes = {"net_income_margin": 8.0, "return_on_assets": -4.0}
    changed = (await ask(client, "annual", ratios=example_of(Kind.ANNUAL), changes=changes))["changed"]
    assert {name: changed["inputs"][name] for name in changes} == changes
    assert any("opposite signs" in remark for remark in changed["remarks"])
    found = await ask(client, "annual", ratios={**example_of(Kind.ANNUAL), "return_on_assets": -4.0})
    assert any("lower of the two" in remark for remark in found["remarks"])


async def test_new_values_of_which_no_reading_makes_sense_are_refused_at_their_place(
    api: ServiceClient, world: World
) -> None:
    client = api.as_(world.user)
    changes = {"net_income_margin": 30.0, "return_on_assets": -30.0}
    reply = await client.post(f"{ANNUAL}/what-if", json={"ratios": example_of(Kind.ANNUAL), "changes": changes})
    assert_problem(reply, 422, pointer="/body/changes/return_on_assets", fault="implausible")
    body = {"amounts": example_of(Kind.STATEMENT), "changes": {"total_assets_musd": -1.0}}
    reply = await client.post(f"{PREDICTIONS}/statement/what-if", json=body)
    assert_problem(reply, 422, pointer="/body/changes/total_assets_musd")


async def test_ratios_that_were_left_out_stay_left_out(api: ServiceClient, world: World) -> None:
    client = api.as_(world.one.org_member)
    found = await ask(
        client,
        "annual",
        ratios={"return_on_assets": -8.0, "net_income_margin": -6.0, "total_debt_to_ebitda": 3.0},
        changes={"return_on_assets": 2.0},
        target_pd=0.01,
    )
    for state in (found["changed"], found["target"]):
        given = {name for name, value in state["inputs"].items() if value is not None}
        assert given == {"return_on_assets", "net_income_margin", "total_debt_to_ebitda"}


async def test_a_statement_s_balance_moves_with_what_it_earns(api: ServiceClient, world: World) -> None:
    client, start = api.as_(world.one.org_member), example_of(Kind.STATEMENT)
    found = await ask(client, "statement", amounts=start, changes={"operating_expenses_musd": 800.0})
    moves = {move["column"]: move["after"] - move["before"] for move in found["changed"]["moves"]}
    assert moves.pop("operating_expenses_musd") == -20.0
    assert moves.keys() == {"net_income_musd", "retained_earnings_musd", "total_assets_musd", "current_assets_musd"}
    assert list(moves.values()) == pytest.approx([13.0] * 4)
    after = await scored(client, "statement", found["changed"]["inputs"])
    assert after["pd"] == pytest.approx(found["changed"]["pd"], rel=1e-12)


@pytest.mark.parametrize("kind", list(WEAK))
async def test_only_levers_that_are_allowed_are_moved(api: ServiceClient, world: World, kind: str) -> None:
    client = api.as_(world.one.org_member)
    body = {place_of(kind): WEAK[kind], "target_pd": 0.00001, "levers": ["repay_debt"]}
    target = (await ask(client, kind, **body))["target"]
    assert not target["reached"]
    assert "out of reach" in target["says"]
    assert {step["lever"] for step in target["steps"]} <= {"repay_debt"}


async def test_an_unknown_target_grade_is_refused_with_the_known_ones(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    body = {"ratios": annual_body()["ratios"], "target_grade": "Z9"}
    reply = await api.as_(world.user).post(f"{ANNUAL}/what-if", json=body)
    problem = assert_problem(reply, 422, pointer="/body/target_grade", fault="unknown_grade")
    assert DEFAULT_SCALE.names[0] in problem["detail"]


async def test_two_targets_are_refused(api: ServiceClient, world: World, annual_body: Body) -> None:
    body = {"ratios": annual_body()["ratios"], "target_grade": DEFAULT_SCALE.names[0], "target_pd": 0.01}
    assert_problem(await api.as_(world.user).post(f"{ANNUAL}/what-if", json=body), 422, fault="two_targets")
