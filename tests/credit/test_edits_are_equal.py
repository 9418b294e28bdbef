"""The same change of a stored prediction comes to the same through the API, by a row of a file, and by a rescoring."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bulk_work import Bulk
from portfolio_work import PortfolioJobs
from psycopg.sql import SQL, Identifier
from tests.applications import Running

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.people import Caller, World
from accunode_common.testing.plugin import SettingsFactory
from accunode_ml.runtime import Runtime
from accunode_ml.settings import WorkerSettings
from accunode_scoring import Kind, ModelLibrary

ITS_OWN = {
    "id",
    "tenant_id",
    "company_id",
    "prediction_id",
    "job_id",
    "row_number",
    "created_at",
    "updated_at",
    "replaced_at",
}
"""What differs between two rows that came to be the same way."""

Inputs = Mapping[str, float | None]

ANNUAL = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": 4.8,
    "return_on_assets": 3.7,
}
QUARTERLY = {
    "total_debt_to_ebitda": 3.2,
    "sga_margin": 21.0,
    "long_term_debt_to_total_capital": 42.5,
    "return_on_capital": 9.4,
}
STATEMENT = {
    "total_assets_musd": 100.0,
    "total_liabilities_musd": 60.0,
    "long_term_debt_musd": 30.0,
    "current_assets_musd": 40.0,
    "current_liabilities_musd": 20.0,
    "net_sales_musd": 110.0,
    "operating_expenses_musd": 95.0,
    "net_income_musd": 4.0,
    "market_value_musd": 80.0,
}
CHANGES: dict[str, tuple[Kind, Inputs, Inputs]] = {
    "every ratio": (Kind.ANNUAL, ANNUAL, {name: value * 1.5 for name, value in ANNUAL.items()}),
    "one ratio": (Kind.ANNUAL, ANNUAL, {**ANNUAL, "return_on_assets": -11.25}),
    "a ratio is negative": (Kind.ANNUAL, ANNUAL, {**ANNUAL, "total_debt_to_ebitda": -3.0}),
    "a ratio is zero": (Kind.ANNUAL, ANNUAL, {**ANNUAL, "net_income_margin": 0.0}),
    "a ratio is missing now": (Kind.ANNUAL, ANNUAL, {**ANNUAL, "ebit_to_interest_expense": None}),
    "a ratio was missing": (Kind.ANNUAL, {**ANNUAL, "ebit_to_interest_expense": None}, ANNUAL),
    "a ratio out of the common": (Kind.ANNUAL, ANNUAL, {**ANNUAL, "long_term_debt_to_total_capital": 260.0}),
    "a quarter's ratios": (
        Kind.QUARTERLY,
        QUARTERLY,
        {**QUARTERLY, "return_on_capital": -7.5, "total_debt_to_ebitda": None},
    ),
    "a statement's amounts": (Kind.STATEMENT, STATEMENT, {**STATEMENT, "net_income_musd": -40.0}),
    "a statement without its market value": (Kind.STATEMENT, STATEMENT, {**STATEMENT, "market_value_musd": None}),
}


@pytest.fixture
def bulk(make_settings: SettingsFactory, superuser: psycopg.Connection, tmp_path: Path) -> Iterator[Bulk]:
    """Does the workers' work on a file."""
    storage_url = (tmp_path / "objects").as_uri()
    runtime = Runtime.open(make_settings(WorkerSettings, DatabaseRole.WORKER, storage_url=storage_url))
    yield Bulk(runtime, superuser)
    runtime.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_an_edit_by_the_api_and_one_by_a_file_leave_the_same(
    services: list[Running], bulk: Bulk, world: World, change: str
) -> None:
    member = world.one.org_member
    kind, before, after = CHANGES[change]
    period = {"fiscal_year": 2023, **({"fiscal_quarter": 2} if kind is Kind.QUARTERLY else {})}
    field = "amounts" if kind is Kind.STATEMENT else "ratios"
    client = _client(services, member)
    path = f"/api/v1/predictions/{kind}"
    for name in ("By API", "By file"):
        body = {"company": {"name": name}, "access_level": "organization", **period, field: before}
        reply = await client.post(path, json=body)
        assert reply.status_code == 201, reply.text
        if name == "By API":
            reply = await client.put(f"{path}/{reply.json()['id']}", json={field: after})
            assert reply.status_code == 200, reply.text
        else:
            job = bulk.run(member, _file({"company_name": name, **period, **after}), kind=kind.value)
            assert (job["state"], job["rows_accepted"]) == ("completed", 1), bulk.issues(job["id"])
    by_api, by_file = (_stored(bulk, member.tenant_id, name) for name in ("By API", "By file"))
    assert (by_api["version"], by_api["kept.0.version"], "kept.1.version" in by_api) == (2, 1, False)
    _assert_same(by_file, by_api)


@pytest.mark.parametrize(
    "earlier", [{"model_version": "0.1.0"}, {"grade": "Z9"}, {"model_version": "0.1.0", "grade": "Z9"}], ids=str
)
async def test_a_rescoring_and_an_edit_of_the_same_inputs_leave_the_same(
    services: list[Running], bulk: Bulk, world: World, earlier: Mapping[str, str]
) -> None:
    admin, path = world.one.org_admin, "/api/v1/predictions/annual"
    stored = {}
    for name in ("By rescoring", "By file", "By API"):
        prediction_id = await _store(services, admin, name, earlier, bulk)
        if name == "By rescoring":
            assert _rescore(bulk, admin)["changed"] == 1
        elif name == "By file":
            job = bulk.run(admin, _file({"company_name": name, "fiscal_year": 2023, **ANNUAL}))
            assert (job["state"], job["rows_accepted"]) == ("completed", 1), bulk.issues(job["id"])
        else:
            reply = await _client(services, admin).put(f"{path}/{prediction_id}", json={"ratios": ANNUAL})
            assert reply.status_code == 200, reply.text
        stored[name] = _stored(bulk, admin.tenant_id, name)
    by_api = stored["By API"]
    assert (by_api["version"], by_api["kept.0.version"]) == (2, 1)
    assert {name: by_api[f"kept.0.snapshot.{name}"] for name in earlier} == dict(earlier)
    for name in ("By rescoring", "By file"):
        _assert_same(stored[name], by_api)


async def test_a_rescoring_and_a_file_pass_over_what_stays_as_it_is(
    services: list[Running], bulk: Bulk, world: World
) -> None:
    admin = world.one.org_admin
    await _store(services, admin, "Stays", {}, bulk)
    before = _stored(bulk, admin.tenant_id, "Stays")
    assert _rescore(bulk, admin)["changed"] == 0
    assert bulk.run(admin, _file({"company_name": "Stays", "fiscal_year": 2023, **ANNUAL}))["rows_accepted"] == 1
    after = _stored(bulk, admin.tenant_id, "Stays")
    assert (after["version"], "kept.0.version" in after) == (1, False)
    _assert_same(after, before)


def _client(services: list[Running], caller: Caller) -> Any:
    (client,) = [each.client.as_(caller) for each in services if each.application.service.name == "predictions"]
    return client


async def _store(services: list[Running], caller: Caller, company: str, earlier: Mapping[str, str], bulk: Bulk) -> str:
    """Store a prediction, and make it what an earlier model version or master scale left; its id."""
    body = {"company": {"name": company}, "access_level": "organization", "fiscal_year": 2023, "ratios": ANNUAL}
    reply = await _client(services, caller).post("/api/v1/predictions/annual", json=body)
    assert reply.status_code == 201, reply.text
    prediction_id: str = reply.json()["id"]
    for name, value in earlier.items():
        statement = SQL("update credit.predictions set {} = %s where id = %s").format(Identifier(name))
        bulk.superuser.execute(statement, [value, prediction_id])
    return prediction_id


def _rescore(bulk: Bulk, caller: Caller) -> dict[str, Any]:
    """The result of a rescoring of the caller's portfolio."""
    job = PortfolioJobs(bulk).run(caller, "rescore", ModelLibrary.load().champion(Kind.ANNUAL).version)
    assert job["state"] == "completed", job
    result: dict[str, Any] = job["result"]
    return result


def _assert_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert one.keys() == other.keys()
    scored = {name for name, value in other.items() if isinstance(value, float)}
    exact = one.keys() - scored
    assert {name: one[name] for name in exact} == {name: other[name] for name in exact}
    # The last digits of a sum depend on how many companies are scored at once.
    assert {name: one[name] for name in scored} == pytest.approx({name: other[name] for name in scored}, rel=1e-12)


def _file(row: Mapping[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([row.keys(), ["" if value is None else value for value in row.values()]])
    return text.getvalue().encode()


def _stored(bulk: Bulk, tenant_id: Any, company: str) -> dict[str, Any]:
    """A company's prediction and its earlier versions, without what differs between any two."""
    (row,) = bulk.rows(
        "select p.* from credit.predictions p join credit.companies c on c.tenant_id = p.tenant_id"
        " and c.id = p.company_id where p.tenant_id = %s and c.name = %s",
        tenant_id,
        company,
    )
    kept = bulk.rows("select * from credit.prediction_versions where prediction_id = %s order by version", row["id"])
    return dict(_flat({**row, "kept": kept}))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in `value` by its path, such as `kept.0.snapshot.pd`, without what differs between any two rows."""
    items = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(items, dict):
        yield path, value
        return
    for name, each in items.items():
        if name not in ITS_OWN:
            yield from _flat(each, f"{path}.{name}".lstrip("."))
