"""Bulk jobs of financial statements, and portfolio jobs over them."""

import csv
import io
import math
from typing import Any

from bulk_work import Bulk
from portfolio_work import PortfolioJobs

from accunode_common.testing.people import World
from accunode_credit.columns import INPUTS
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.codes import codes_of
from accunode_scoring.statement import derive_ratios

LINES = (
    "total_assets_musd",
    "total_liabilities_musd",
    "long_term_debt_musd",
    "current_assets_musd",
    "current_liabilities_musd",
    "net_sales_musd",
    "operating_expenses_musd",
    "net_income_musd",
    "market_value_musd",
)


def _statement(number: int, **changes: Any) -> dict[str, Any]:
    size = 100 + 10 * number
    amounts: list[Any] = [size, size * 0.6, size * 0.3, size * 0.4, size * 0.2, size * 1.1, size * 0.95, size * 0.04]
    return {**dict(zip(LINES, [*amounts, size if number % 2 else ""], strict=True)), **changes}


def _file(*rows: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["company_name", "fiscal_year", *LINES])
    writer.writerows([f"Company {number}", 2023, *row.values()] for number, row in enumerate(rows))
    return text.getvalue().encode()


def _amounts(row: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if value != ""}


def test_statements_are_scored_and_stored_with_their_amounts_and_ratios(
    bulk: Bulk, world: World, models: ModelLibrary
) -> None:
    rows = [_statement(number) for number in range(6)]
    job = bulk.run(world.one.org_member, _file(*rows), kind="statement")
    assert (job["state"], job["rows_accepted"]) == ("completed", 6), job
    bulk.check_counts(job["id"])
    scorer = models.champion(Kind.STATEMENT)
    for stored, row in zip(bulk.predictions(job["id"]), rows, strict=True):
        amounts = _amounts(row)
        score = scorer.score(amounts)
        assert stored["amounts"] == amounts
        assert math.isclose(stored["pd"], score.pd, rel_tol=1e-12)
        assert codes_of(stored["reason_numbers"]) == [reason.code for reason in score.reasons[:4]]
        assert stored["return_on_assets"] == derive_ratios(amounts)["return_on_assets"]


def test_a_statement_without_a_required_amount_is_refused_and_named(bulk: Bulk, world: World) -> None:
    rows = [
        _statement(0),
        _statement(1, total_assets_musd=""),
        _statement(2, total_assets_musd=0),
        _statement(3, net_income_musd=""),
    ]
    job = bulk.run(world.one.org_member, _file(*rows), kind="statement")
    assert (job["rows_accepted"], job["rows_rejected"]) == (1, 3)
    found = [(issue["row_number"], issue["code"], issue["column_name"]) for issue in bulk.issues(job["id"])]
    assert found == [
        (3, "required", "total_assets_musd"),
        (4, "required", "total_assets_musd"),
        (5, "required", "net_income_musd"),
    ]


def test_restated_amounts_keep_the_earlier_version_and_the_same_ones_do_not(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    rows = [_statement(0), _statement(1)]
    bulk.run(member, _file(*rows), kind="statement")
    again = bulk.run(member, _file(rows[0], _statement(1, current_assets_musd=1)), kind="statement")
    assert again["rows_accepted"] == 2
    (version,) = bulk.rows("select * from credit.prediction_versions where tenant_id = %s", world.one.id)
    assert version["snapshot"]["ratios"] == {**dict.fromkeys(INPUTS[Kind.STATEMENT]), **_amounts(rows[1])}
    assert [row["version"] for row in bulk.predictions(again["id"])] == [1, 2]


def test_portfolio_jobs_work_over_statements(bulk: Bulk, world: World, models: ModelLibrary) -> None:
    admin = world.one.org_admin
    bulk.run(admin, _file(*(_statement(number) for number in range(6))), kind="statement", access_level="organization")
    portfolio, version = PortfolioJobs(bulk), models.champion(Kind.STATEMENT).version
    entry = next(entry for entry in models.entries() if entry.kind is Kind.STATEMENT)
    bulk.superuser.execute(
        "insert into registry.model_versions (kind, version, sha256, status) values ('statement', %s, %s, 'champion')"
        " on conflict do nothing",
        [version, entry.sha256],
    )

    def run(job_type: str, **parameters: Any) -> dict[str, Any]:
        job_id = portfolio.submit(admin, job_type, version, **parameters)
        bulk.superuser.execute("update bulk.jobs set kind = 'statement' where id = %s", [job_id])
        job = portfolio.perform(job_id)
        assert job["state"] == "completed", job
        result: dict[str, Any] = job["result"]
        return result

    bulk.superuser.execute("update credit.predictions set grade = 'old' where tenant_id = %s", [world.one.id])
    assert run("rescore")["changed"] == 6
    shocks = {"net_income_musd": {"operation": "multiply", "value": 0.0}}
    stressed = run("stress", shocks=shocks, filters={})
    assert stressed["after"]["mean_pd"] > stressed["before"]["mean_pd"]
    report = run("drift")
    assert report["rows"] == 6
    assert {column["column"] for column in report["columns"]} >= {"pd", "liabilities_to_assets"}
