"""A bulk job from its file to stored predictions."""

import math

from bulk_work import QUARTERLY, Bulk, annual_csv, healthy

from accunode_common.testing.people import World
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.codes import codes_of


def test_a_file_becomes_predictions_that_are_scored_as_anywhere_else(
    bulk: Bulk, world: World, models: ModelLibrary
) -> None:
    rows = [healthy(number) for number in range(10)]
    rows[3][2] = ""
    job = bulk.run(world.one.org_member, annual_csv(rows))
    assert (job["state"], job["rows_total"], job["rows_accepted"]) == ("completed", 10, 10)
    assert (job["chunks_total"], job["chunks_done"]) == (3, 3)
    bulk.check_counts(job["id"])
    stored = bulk.predictions(job["id"])
    assert [row["name"] for row in stored] == [row[0] for row in rows]
    scorer = models.champion(Kind.ANNUAL)
    for row in stored:
        score = scorer.score({column: row[column] for column in scorer.columns})
        assert math.isclose(score.pd, row["pd"], rel_tol=1e-12)
        assert (score.grade, score.risk_level, score.model_version) == (
            row["grade"],
            row["risk_level"],
            row["model_version"],
        )
        assert codes_of(row["reason_numbers"]) == [reason.code for reason in score.reasons[:4]]
        assert codes_of(row["flag_numbers"] or []) == [str(flag) for flag in score.flags]
    assert stored[3]["long_term_debt_to_total_capital"] is None
    assert stored[0]["created_by"] == world.one.org_member.user_id
    assert sum(job["result"]["risk_levels"].values()) == 10


def test_rejected_and_skipped_rows_are_reported_and_harm_no_other(bulk: Bulk, world: World) -> None:
    rows = [healthy(number) for number in range(6)]
    rows[1][3] = "abc"
    rows[2][1] = "0"
    rows.append(rows[0])
    rows.append([*rows[3][:2], 99, *rows[3][3:]])
    job = bulk.run(world.one.org_member, annual_csv(rows))
    assert (job["state"], job["rows_total"], job["rows_accepted"]) == ("completed_with_errors", 8, 4)
    assert (job["rows_rejected"], job["rows_skipped"]) == (3, 1)
    bulk.check_counts(job["id"])
    found = {(issue["row_number"], issue["code"], issue["column_name"]) for issue in bulk.issues(job["id"])}
    assert (3, "unparseable_number", "total_debt_to_ebitda") in found
    assert (4, "bad_period", "fiscal_year") in found
    assert (8, "duplicate", None) in found
    assert (9, "conflict_duplicate", None) in found


def test_a_file_without_a_needed_column_ends_the_job_with_the_nearest_heading(bulk: Bulk, world: World) -> None:
    content = annual_csv([healthy(1)]).replace(b"net_income_margin", b"net_incme_mrgn")
    job = bulk.run(world.one.org_member, content)
    assert (job["state"], job["error_code"]) == ("failed", "missing_columns")
    assert "net_incme_mrgn" in job["error_message"]
    assert job["file_report"]["refusal"]["code"] == "missing_columns"
    assert (job["rows_total"], job["chunks_total"]) == (0, 0)


def test_a_file_whose_rows_are_all_rejected_ends_without_chunks(bulk: Bulk, world: World) -> None:
    job = bulk.run(world.one.org_member, annual_csv([["A", 2020, "x", 1, 1, 1, 1], ["B", "?", 1, 1, 1, 1, 1]]))
    assert (job["state"], job["rows_rejected"], job["chunks_total"]) == ("completed_with_errors", 2, 0)
    bulk.check_counts(job["id"])


def test_quarterly_files_keep_their_quarters(bulk: Bulk, world: World) -> None:
    content = (
        b"Company,Fiscal year,Fiscal quarter,Total debt / EBITDA,SG&A margin,Long-term debt / total capital,ROC\n"
        b"Acme,2024,1,2.5,20,30,9\nAcme,2024,2,2.6,21,31,8\n"
    )
    job = bulk.run(world.one.org_member, content, kind="quarterly")
    assert (job["state"], job["rows_accepted"]) == ("completed", 2)
    stored = bulk.predictions(job["id"])
    assert [(row["fiscal_year"], row["fiscal_quarter"]) for row in stored] == [(2024, 1), (2024, 2)]
    assert len({row["company_id"] for row in stored}) == 1
    again = bulk.run(world.one.org_member, content, kind="quarterly", on_conflict="skip")
    assert again["rows_skipped"] == 2


def test_companies_are_found_by_symbol_and_else_by_name(bulk: Bulk, world: World) -> None:
    first = bulk.run(
        world.one.org_member,
        annual_csv([[*healthy(1, name="Old name"), "NWEC", "Utilities"]], extra=("symbol", "sector")),
    )
    company = bulk.predictions(first["id"])[0]["company_id"]
    second = bulk.run(
        world.one.org_member,
        annual_csv(
            [
                [*healthy(1, name="New name", year=2022), "nwec", ""],
                [*healthy(1, name="  OLD  NAME", year=2021), "", ""],
            ],
            extra=("symbol", "sector"),
        ),
    )
    assert {row["company_id"] for row in bulk.predictions(second["id"])} == {company}


def test_what_a_file_says_of_a_known_company_fills_gaps_only(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    bulk.run(member, annual_csv([[*healthy(1), "", "Utilities"]], extra=("symbol", "sector")))
    job = bulk.run(member, annual_csv([[*healthy(1, year=2024), "ABC", "Energy"]], extra=("symbol", "sector")))
    company = bulk.rows("select * from credit.companies where id = %s", bulk.predictions(job["id"])[0]["company_id"])[0]
    assert (company["symbol"], company["sector"], company["version"]) == ("ABC", "Utilities", 2)


def test_the_newest_quarter_of_a_file_describes_a_company(bulk: Bulk, world: World) -> None:
    headings = "company_name,fiscal_year,fiscal_quarter,sector,symbol," + ",".join(QUARTERLY)
    member, rows = world.one.org_member, [("", 1, "Energy"), ("ABC", 2, "Mining"), ("", 3, "Utilities"), ("", 4, "")]

    def content(company: str) -> bytes:
        lines = [f"{company},2023,{quarter},{sector},{symbol},3,12,40,9" for symbol, quarter, sector in rows]
        return "\n".join((headings, *lines)).encode()

    new = bulk.run(member, content("New"), kind="quarterly")
    bulk.run(member, annual_csv([healthy(0, name="Known")]))
    known = bulk.run(member, content("Known 0").replace(b"ABC", b"DEF"), kind="quarterly")
    for job, symbol in ((new, "ABC"), (known, "DEF")):
        company_id = bulk.predictions(job["id"])[0]["company_id"]
        (company,) = bulk.rows("select * from credit.companies where id = %s", company_id)
        assert (company["sector"], company["symbol"]) == ("Utilities", symbol)


def test_two_known_companies_with_one_symbol_do_not_both_get_it(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    bulk.run(member, annual_csv([healthy(0), healthy(1)]))
    rows = [[*healthy(number, year=2024), "SAME"] for number in range(2)]
    job = bulk.run(member, annual_csv(rows, extra=("symbol",)))
    assert (job["state"], job["rows_accepted"]) == ("completed", 2)
    symbols = bulk.rows("select symbol from credit.companies where tenant_id = %s order by symbol", member.tenant_id)
    assert [row["symbol"] for row in symbols] == ["SAME", None]


def test_two_names_with_one_symbol_and_period_are_one_row_too_many(bulk: Bulk, world: World) -> None:
    rows = [[*healthy(number, name=f"Name {number}"), "SAME"] for number in range(6)]
    job = bulk.run(world.one.org_member, annual_csv(rows, extra=("symbol",)))
    assert (job["rows_accepted"], job["rows_rejected"]) == (1, 5)
    assert {issue["code"] for issue in bulk.issues(job["id"])} == {"conflict_duplicate"}
    bulk.check_counts(job["id"])


def test_a_dry_run_counts_and_stores_nothing(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    bulk.run(member, annual_csv([healthy(0)]))
    before = bulk.rows("select count(*) from credit.companies where tenant_id = %s", member.tenant_id)
    rows = [healthy(number) for number in range(6)]
    rows[5][2] = "nonsense"
    job = bulk.run(member, annual_csv(rows), dry_run=True, on_conflict="skip")
    assert (job["state"], job["rows_accepted"], job["rows_rejected"], job["rows_skipped"]) == (
        "completed_with_errors",
        4,
        1,
        1,
    )
    assert bulk.predictions(job["id"]) == []
    assert bulk.rows("select count(*) from credit.companies where tenant_id = %s", member.tenant_id) == before
    bulk.check_counts(job["id"])
