"""What is computed from predictions: explanations, simulations, statistics and exports."""

import csv
import io
import math
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any

import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import Database
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem
from accunode_predictions.predictions import repository
from accunode_predictions.predictions.filters import PredictionFilters
from accunode_predictions.settings import PredictionsSettings
from accunode_scoring import Kind

Body = Callable[..., dict[str, Any]]
Store = Callable[..., Awaitable[dict[str, Any]]]
ANNUAL = "/api/v1/predictions/annual"


@pytest.mark.parametrize(
    "ratios",
    [
        {},
        {"total_debt_to_ebitda": -4.0, "ebit_to_interest_expense": -2.0},
        {"total_debt_to_ebitda": None, "net_income_margin": None},
        {"net_income_margin": 99_999.0},
    ],
)
async def test_contributions_add_up_to_the_log_odds_of_the_stored_probability(
    api: ServiceClient, world: World, store: Store, ratios: dict[str, float | None]
) -> None:
    made = await store(world.one.org_member, ratios=ratios)
    reply = await api.as_(world.one.org_member).get(f"{ANNUAL}/{made['id']}/explanation")
    assert reply.status_code == 200, reply.text
    found = reply.json()
    added = found["base_log_odds"] + sum(part["log_odds"] for part in found["contributions"])
    assert added == pytest.approx(math.log(made["pd"] / (1 - made["pd"])), abs=1e-12)
    assert found["log_odds"] == pytest.approx(added, abs=1e-12)
    assert {part["ratio"] for part in found["contributions"]} == set(made["ratios"])
    assert len(found["reasons"]) >= 4
    assert [f"{flag['code']}:{flag['ratio']}" for flag in found["flags"]] == made["flags"]
    assert found["model_url"].endswith(f"/annual/{made['model_version']}")
    for part in found["contributions"]:
        assert (part["percentile"] is None) == (part["value"] is None)


async def test_every_score_says_where_the_card_of_its_model_is(
    api: ServiceClient, world: World, store: Store, annual_body: Body
) -> None:
    client = api.as_(world.one.org_member)
    made = await store(world.one.org_member)
    one = f"{ANNUAL}/{made['id']}"
    ratios = annual_body()["ratios"]
    rescored = (await client.put(one, json={})).json()
    scores = [
        made,
        rescored,
        (await client.get(one)).json(),
        (await client.get(f"{one}/explanation")).json(),
        *(await client.get(f"{one}/versions")).json()["items"],
        *(await client.get(ANNUAL)).json()["items"],
        *(await client.post(f"{ANNUAL}/score", json={"rows": [{"ratios": ratios}]})).json()["items"],
        (await client.post(f"{ANNUAL}/what-if", json={"ratios": ratios})).json(),
        (await client.get(f"/api/v1/companies/{made['company']['id']}")).json()["latest_annual"],
    ]
    assert len(scores) == 9
    assert {score["card_url"] for score in scores} == {f"/api/v1/models/annual/{made['model_version']}/card"}
    assert (await client.get(made["card_url"])).text.startswith("# Annual model")


async def test_a_batch_scores_as_single_rows_do_and_stores_nothing(
    api: ServiceClient, world: World, store: Store, annual_body: Body
) -> None:
    client = api.as_(world.one.org_member)
    made = await store(world.one.org_member)
    rows = [
        {"row_id": "a", "ratios": annual_body()["ratios"]},
        {"row_id": "b", "ratios": {"return_on_assets": -40.0, "net_income_margin": -40.0, "total_debt_to_ebitda": 2.0}},
    ]
    reply = await client.post(f"{ANNUAL}/score", json={"rows": rows})
    assert reply.status_code == 200, reply.text
    items = reply.json()["items"]
    assert [item["row_id"] for item in items] == ["a", "b"]
    for name in ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high"):
        assert items[0][name] == pytest.approx(made[name], rel=1e-12)
    for name in ("grade", "risk_level", "reason_codes", "flags", "model_version"):
        assert items[0][name] == made[name]
    listed = await client.get(ANNUAL, params={"with_total": True})
    assert listed.json()["total"] == 1


async def test_a_batch_names_the_row_and_the_ratio_that_cannot_be_scored(api: ServiceClient, world: World) -> None:
    rows = [
        {"ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0}},
        {"ratios": {"return_on_assets": 1e8}},
        {"ratios": {}},
    ]
    reply = await api.as_(world.user).post(f"{ANNUAL}/score", json={"rows": rows})
    problem = assert_problem(reply, 422, pointer="/body/rows/1/ratios/return_on_assets", fault="sentinel")
    assert {"/body/rows/2/ratios"} < {error["pointer"] for error in problem["errors"]}


async def test_more_than_a_thousand_rows_are_refused(api: ServiceClient, world: World) -> None:
    rows = [{"ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0}}] * 1001
    assert_problem(await api.as_(world.user).post(f"{ANNUAL}/score", json={"rows": rows}), 422, pointer="/body/rows")


async def test_statistics_count_every_visible_prediction_once(
    api: ServiceClient, world: World, store: Store, quarterly_body: Body
) -> None:
    member = world.one.org_member
    await store(member, "One", company={"sector": "Energy"}, fiscal_year=2022)
    await store(
        member,
        "Two",
        company={"sector": "Energy"},
        ratios={"return_on_assets": -60.0, "net_income_margin": -60.0, "total_debt_to_ebitda": 2.0},
    )
    await store(member, "Three")
    await api.as_(member).post("/api/v1/predictions/quarterly", json=quarterly_body())
    await store(world.one.outsider, "Unseen")
    found = (await api.as_(member).get("/api/v1/predictions/stats")).json()
    assert found["total"] == 4
    annual, quarterly, _ = found["kinds"]
    assert (annual["count"], annual["companies"], quarterly["count"]) == (3, 3, 1)
    assert sum(level["count"] for level in annual["risk_levels"]) == 3
    assert [(each["sector"], each["count"]) for each in annual["sectors"]] == [("Energy", 2), (None, 1)]
    assert [(each["fiscal_year"], each["count"]) for each in annual["periods"]] == [(2022, 1), (2024, 2)]
    assert quarterly["periods"][0]["fiscal_quarter"] == 2


async def test_an_export_has_every_row_of_the_filtered_list_and_no_formula(
    api: ServiceClient, world: World, store: Store
) -> None:
    member = world.one.org_member
    await store(member, "=HYPERLINK(1)", company={"sector": "Energy"})
    made = await store(member, "Plain", company={"sector": "Energy"})
    await store(member, "Elsewhere", company={"sector": "Steel"})
    reply = await api.as_(member).get(f"{ANNUAL}/export", params={"sector": "Energy"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert rows[0]["company_name"] == "Plain"
    assert not rows[1]["company_name"].startswith("=")
    assert float(rows[0]["pd"]) == made["pd"]
    assert rows[0]["reason_codes"].split() == made["reason_codes"]


@pytest.mark.parametrize("caller", ["org_member", "tenant_admin"])
async def test_an_export_of_many_blocks_has_every_row_once_newest_first(
    api: ServiceClient, world: World, store: Store, monkeypatch: pytest.MonkeyPatch, caller: str
) -> None:
    monkeypatch.setattr("accunode_predictions.predictions.exports.service.BLOCK_ROWS", 2)
    member = world.one.org_member
    made = [
        await store(member, f"Company {number}", access_level=("personal", "organization")[number % 2])
        for number in range(7)
    ]
    await store(world.two.org_member, "Another tenant's")
    reply = await api.as_(getattr(world.one, caller)).get(f"{ANNUAL}/export")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    seen = made if caller == "org_member" else [each for each in made if each["access_level"] == "organization"]
    assert [row["prediction_id"] for row in rows] == [each["id"] for each in reversed(seen)]


async def test_no_transaction_waits_for_a_client_that_downloads(
    make_settings: SettingsFactory, world: World, store: Store
) -> None:
    member = world.one.org_member
    for number in range(3):
        await store(member, f"Company {number}")
    settings = make_settings(PredictionsSettings, DatabaseRole.PREDICTIONS)
    database = Database(settings.database, "test")
    blocks = repository.exported(
        database, member.subject, Kind.ANNUAL, PredictionFilters(), ["prediction_id", "pd"], 1, system=False
    )
    async with aclosing(blocks):
        assert len(await anext(blocks)) == 1
        assert database.pool_use.now()[0] == 0
        assert len(await anext(blocks)) == 1
    await database.close()


@pytest.mark.parametrize("kind", ["annual", "quarterly"])
async def test_an_export_says_what_the_list_says(
    api: ServiceClient, world: World, annual_body: Body, quarterly_body: Body, kind: str
) -> None:
    client = api.as_(world.one.org_member)
    of_kind = {"annual": annual_body, "quarterly": quarterly_body}[kind]
    ratios = of_kind()["ratios"]
    first, *_, second = ratios
    for number, values in enumerate([ratios, {**ratios, first: 40, second: None}, {**ratios, first: 0.00001}]):
        body = of_kind(company={"name": f"Company, {number}", "sector": None if number else "Energy"}, ratios=values)
        assert (await client.post(f"/api/v1/predictions/{kind}", json=body)).status_code == 201
    listed = (await client.get(f"/api/v1/predictions/{kind}")).json()["items"]
    reply = await client.get(f"/api/v1/predictions/{kind}/export")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert len(rows) == len(listed) == 3
    for row, item in zip(rows, listed, strict=True):
        assert {name: row.pop(name) for name in item["ratios"]} == {
            name: "" if value is None else repr(float(value)) for name, value in item["ratios"].items()
        }
        assert datetime.fromisoformat(row.pop("created_at")) == datetime.fromisoformat(item["created_at"])
        assert datetime.fromisoformat(row.pop("updated_at")) == datetime.fromisoformat(item["updated_at"])
        company = {"company_id": item["company"]["id"], "company_name": item["company"]["name"]}
        codes = {name: " ".join(item[name]) for name in ("reason_codes", "flags")}
        rest = {"prediction_id": item["id"], **company, **codes}
        rest |= {name: "" if (value := item["company"][name]) is None else value for name in ("symbol", "sector")}
        assert row == {**{name: str(item[name]) for name in row if name not in rest}, **rest}


@pytest.mark.parametrize(("file_format", "magic"), [("xlsx", b"PK"), ("parquet", b"PAR1")])
async def test_exports_come_as_workbook_and_parquet_too(
    api: ServiceClient, world: World, store: Store, file_format: str, magic: bytes
) -> None:
    await store(world.user)
    reply = await api.as_(world.user).get(f"{ANNUAL}/export", params={"format": file_format})
    assert reply.status_code == 200, reply.text
    assert reply.content.startswith(magic)
