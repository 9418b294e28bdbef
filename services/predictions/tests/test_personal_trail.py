"""The audit trail, which administrators read, holds nothing of the contents of personal records."""

import json
from typing import Any

import psycopg

from accunode_common.http.callers import SAFE_METHODS
from accunode_common.http.operations import operations
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World

API = "/api/v1"
RATIO = 37.123456
COMPANY = {
    "name": "Quixotic Holdings",
    "symbol": "QXTC",
    "external_id": "EXT-774411",
    "sector": "Zinc Smelting",
    "market_cap": 987654321.5,
    "currency": "CHF",
}
SENT = ["Quixotic", "QXTC", "EXT-774411", "Zinc", "987654321", "CHF", "37.123456", "1987", "1999-09-09", "bankruptcy"]
AMOUNTS = {
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
    "long_term_debt_musd": 240.0,
    "current_assets_musd": 320.0,
    "current_liabilities_musd": 190.0,
    "net_sales_musd": 940.0,
    "cogs_musd": 610.0,
    "operating_expenses_musd": 820.0,
    "depreciation_musd": 45.0,
    "net_income_musd": RATIO,
    "inventory_musd": 95.0,
    "receivables_musd": 130.0,
    "retained_earnings_musd": 160.0,
}
INPUTS: dict[str, dict[str, Any]] = {
    "annual": {"ratios": {"return_on_assets": RATIO, "net_income_margin": RATIO, "total_debt_to_ebitda": RATIO}},
    "quarterly": {
        "fiscal_quarter": 3,
        "ratios": {"sga_margin": RATIO, "return_on_capital": RATIO, "total_debt_to_ebitda": RATIO},
    },
    "statement": {"amounts": AMOUNTS},
}
OUTCOME = {"defaulted_on": "1999-09-09", "event": "bankruptcy"}
STORES_NOTHING_PERSONAL = {
    "POST /predictions/annual/score",
    "POST /predictions/quarterly/score",
    "POST /predictions/statement/score",
    "POST /predictions/annual/what-if",
    "POST /predictions/quarterly/what-if",
    "POST /predictions/statement/what-if",
    "POST /portfolio/rescore",
    "POST /models/{kind}/{version}/drift",
    "PUT /models/{kind}/active",
    "PUT /models/{kind}/challenger",
}


class Walk:
    """One person's writes, and what they were told."""

    def __init__(self, api: ServiceClient, world: World) -> None:
        self._client = api.as_(world.one.org_member)
        self.walked: set[str] = set()
        self.replies: list[dict[str, Any]] = []

    async def send(self, operation: str, *, names: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Send one request, which must succeed."""
        method, template = operation.split()
        reply = await self._client.request(method, f"{API}{template.format(**(names or {}))}", **options)
        assert reply.is_success, f"{operation}: {reply.text}"
        self.walked.add(operation)
        document: dict[str, Any] = reply.json() if reply.content else {}
        self.replies.append(document)
        return document


async def _walk(walk: Walk) -> None:
    company = (await walk.send("POST /companies", json={**COMPANY, "access_level": "personal"}))["id"]
    for kind, inputs in INPUTS.items():
        place = {"company_id": company, "fiscal_year": 1987}
        made = await walk.send(f"POST /predictions/{kind}", json={**place, **inputs})
        again = {name: value for name, value in inputs.items() if name != "fiscal_quarter"}
        await walk.send(f"PUT /predictions/{kind}/{{prediction_id}}", names={"prediction_id": made["id"]}, json=again)
        names = {"kind": kind, "prediction_id": made["id"]}
        await walk.send("DELETE /predictions/{kind}/{prediction_id}", names=names)
    outcomes, names = "/companies/{company_id}/outcomes", {"company_id": company}
    outcome = (await walk.send(f"POST {outcomes}", names=names, json=OUTCOME))["id"]
    await walk.send(f"DELETE {outcomes}/{{outcome_id}}", names={**names, "outcome_id": outcome})
    await walk.send("POST /companies/outcomes", json={"items": [{"symbol": "QXTC", **OUTCOME}]})
    rows = "symbol,defaulted_on,event\nQXTC,1999-09-09,bankruptcy\n"
    await walk.send("POST /companies/outcomes/csv", content=rows, headers={"Content-Type": "text/csv"})
    shock = {"ratio": "return_on_assets", "operation": "add", "value": RATIO}
    filters = {"access_level": "personal", "sectors": ["Zinc Smelting"], "fiscal_year": 1987}
    await walk.send("POST /portfolio/stress", json={"name": "Quixotic", "shocks": [shock], "filters": filters})
    await walk.send("PATCH /companies/{company_id}", names=names, json={"name": "Quixotic Group", "market_cap": None})
    await walk.send("DELETE /companies/{company_id}", names=names)


async def test_no_write_on_personal_records_leaves_their_contents_in_the_trail(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    walk = Walk(api, world)
    await _walk(walk)

    writes = {
        f"{operation.method} {operation.path.removeprefix(API)}"
        for operation in operations(api.app)
        if operation.in_schema and operation.method not in SAFE_METHODS
    }
    assert walk.walked == writes - STORES_NOTHING_PERSONAL
    figures = [str(reply[name]) for reply in walk.replies for name in ("pd", "pd_2y", "pd_low") if name in reply]
    assert len(figures) == 18
    events = superuser.execute(
        "SELECT action, resource_id, details FROM audit.events WHERE tenant_id = %s", [world.one.id]
    ).fetchall()
    assert len(events) >= len(walk.walked)
    for event in events:
        text = json.dumps(event, default=str)
        assert [value for value in SENT + figures if value in text] == [], text


async def test_the_trail_says_which_fields_of_a_personal_company_changed(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client = api.as_(world.one.org_member)
    made = (await client.post(f"{API}/companies", json={**COMPANY, "access_level": "personal"})).json()
    await client.patch(f"{API}/companies/{made['id']}", json={"sector": "Tin"})
    (event,) = superuser.execute(
        "SELECT details FROM audit.events WHERE resource_id = %s AND action = 'company.update'", [made["id"]]
    ).fetchall()
    assert event == ({"access_level": "personal", "fields": ["sector"]},)


async def test_the_trail_of_shared_records_names_what_an_auditor_needs(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    company, body = {"name": "Shared Plc"}, {"fiscal_year": 2024, **INPUTS["annual"]}
    reply = await api.as_(world.one.org_member).post(
        f"{API}/predictions/annual", json={"company": company, "access_level": "organization", **body}
    )
    (event,) = superuser.execute(
        "SELECT details FROM audit.events WHERE resource_id = %s", [reply.json()["id"]]
    ).fetchall()
    assert (event[0]["pd"], event[0]["fiscal_year"]) == (reply.json()["pd"], 2024)
