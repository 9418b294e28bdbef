"""Scores at a tenant's own long-run default rate: one by one, in batches, asked what if, again and explained."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_scoring import Kind, ModelLibrary

ANNUAL = "/api/v1/predictions/annual"
Body = Callable[..., dict[str, Any]]
SetRate = Callable[[float | None], None]
LIBRARY = ModelLibrary.load()


@pytest.fixture
def set_rate(superuser: psycopg.Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> SetRate:
    """Sets tenant one's rate for annual scores from today, beside one of tomorrow that does not count yet."""
    monkeypatch.setattr("accunode_predictions.serving.service.REFRESH_SECONDS", -1.0)
    today = datetime.now(UTC).date()

    def set_to(rate: float | None) -> None:
        for each, day in ((0.4, today + timedelta(days=1)), (rate, today)):
            superuser.execute(
                "insert into credit.central_tendencies (tenant_id, id, kind, rate, effective_from, set_by)"
                " values (%s, %s, 'annual', %s, %s, %s)",
                [world.one.id, new_id(), each, day, world.one.tenant_admin.user_id],
            )

    return set_to


def _log_odds(pd: float) -> float:
    return math.log(pd / (1.0 - pd))


async def test_every_way_of_scoring_has_the_tenants_level(
    api: ServiceClient, world: World, annual_body: Body, set_rate: SetRate
) -> None:
    client, other = api.as_(world.one.org_member), api.as_(world.two.org_member)
    ratios = annual_body()["ratios"]
    question = {"rows": [{"ratios": ratios}]}
    plain = (await client.post(f"{ANNUAL}/score", json=question)).json()["items"][0]
    assert plain["log_odds_shift"] == 0
    set_rate(0.04)
    scorer = LIBRARY.champion(Kind.ANNUAL).at_rate(0.04)
    expected = scorer.score(ratios)
    made = (await client.post(ANNUAL, json=annual_body())).json()
    batch = (await client.post(f"{ANNUAL}/score", json=question)).json()["items"][0]
    what_if = (await client.post(f"{ANNUAL}/what-if", json={"ratios": ratios})).json()
    for shown in (made, batch, what_if):
        assert shown["log_odds_shift"] == scorer.log_odds_shift > 0
        assert shown["pd"] == pytest.approx(expected.pd, abs=1e-12)
        assert (shown["grade"], shown["risk_level"]) == (expected.grade, expected.risk_level)
    assert _log_odds(made["pd"]) - _log_odds(plain["pd"]) == pytest.approx(scorer.log_odds_shift, abs=1e-9)
    theirs = (await other.post(f"{ANNUAL}/score", json=question)).json()["items"][0]
    assert theirs == plain
    explained = (await client.get(f"{ANNUAL}/{made['id']}/explanation")).json()
    assert explained["log_odds"] == pytest.approx(_log_odds(made["pd"]), abs=1e-9)
    read = (await client.get(f"{ANNUAL}/{made['id']}")).json()
    assert (read["pd"], read["log_odds_shift"]) == (made["pd"], made["log_odds_shift"])
    assert [reason["text"] for reason in read["reasons"]] == [reason.text for reason in expected.reasons]


async def test_scoring_again_brings_a_prediction_to_the_level_and_keeps_what_was_given(
    api: ServiceClient, world: World, annual_body: Body, set_rate: SetRate
) -> None:
    client = api.as_(world.one.org_member)
    made = (await client.post(ANNUAL, json=annual_body())).json()
    set_rate(0.04)
    path = f"{ANNUAL}/{made['id']}"
    assert (await client.get(path)).json()["pd"] == made["pd"]
    again = (await client.put(path, json={})).json()
    assert again["log_odds_shift"] > 0
    assert again["pd"] > made["pd"]
    kept = (await client.get(f"{path}/versions")).json()["items"][0]["snapshot"]
    assert (kept["pd"], kept["log_odds_shift"]) == (made["pd"], 0)
    set_rate(None)
    back = (await client.put(path, json={})).json()
    assert (back["pd"], back["log_odds_shift"]) == (made["pd"], 0)
    kept = (await client.get(f"{path}/versions")).json()["items"][0]["snapshot"]
    assert (kept["pd"], kept["log_odds_shift"]) == (again["pd"], again["log_odds_shift"])
