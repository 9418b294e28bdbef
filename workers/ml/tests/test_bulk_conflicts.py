"""Rows whose company and period are stored already, and rows that the submitter may not touch."""

from typing import Any

import pytest
from bulk_work import QUARTERLY, Bulk, annual_csv, healthy

from accunode_common.testing.people import World
from accunode_credit.columns import INPUTS, KEPT
from accunode_ml.repositories import companies, predictions
from accunode_scoring import Kind


def _rows(count: int = 6) -> list[list[Any]]:
    return [healthy(number) for number in range(count)]


def test_update_stores_the_new_values_and_keeps_the_earlier_version(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    first = bulk.run(member, annual_csv(_rows()))
    before = bulk.predictions(first["id"])
    changed = _rows()
    changed[2][2] = 77.5
    second = bulk.run(member, annual_csv(changed), on_conflict="update")
    assert (second["state"], second["rows_accepted"]) == ("completed", 6)
    assert (bulk.job(first["id"])["rows_accepted"], bulk.predictions(first["id"])) == (6, [])
    after = bulk.predictions(second["id"])
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert [row["version"] for row in after] == [1, 1, 2, 1, 1, 1]
    assert after[2]["long_term_debt_to_total_capital"] == 77.5
    assert after[2]["pd"] != before[2]["pd"]
    (kept,) = bulk.rows("select * from credit.prediction_versions where prediction_id = %s", before[2]["id"])
    assert kept["version"] == 1
    assert kept["replaced_by"] == member.user_id
    assert kept["snapshot"]["ratios"]["long_term_debt_to_total_capital"] == 22
    assert set(kept["snapshot"]) == set(KEPT)
    assert set(kept["snapshot"]["ratios"]) == set(INPUTS[Kind.ANNUAL])
    assert kept["snapshot"]["pd"] == before[2]["pd"]
    assert kept["snapshot"]["job_id"] == str(first["id"])
    bulk.check_counts(second["id"])


def test_skip_leaves_what_is_stored(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    first = bulk.run(member, annual_csv(_rows(3)))
    changed = _rows(5)
    changed[0][2] = 77.5
    second = bulk.run(member, annual_csv(changed), on_conflict="skip")
    assert (second["state"], second["rows_accepted"], second["rows_skipped"]) == ("completed", 2, 3)
    assert [(issue["code"], issue["message"]) for issue in bulk.issues(second["id"])] == [
        ("already_stored", f"Company {number} is stored for 2023 already.") for number in range(3)
    ]
    assert len(bulk.predictions(first["id"])) == 3
    bulk.check_counts(second["id"])


def test_error_rejects_what_is_stored(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    bulk.run(member, annual_csv(_rows(3)))
    second = bulk.run(member, annual_csv(_rows(5)), on_conflict="error")
    assert (second["state"], second["rows_accepted"], second["rows_rejected"]) == ("completed_with_errors", 2, 3)
    assert {(issue["outcome"], issue["code"]) for issue in bulk.issues(second["id"])} == {
        ("rejected", "already_stored")
    }
    bulk.check_counts(second["id"])


def test_a_quarter_that_is_stored_is_named(bulk: Bulk, world: World) -> None:
    headings = ",".join(("company_name", "fiscal_year", "fiscal_quarter", *QUARTERLY))
    content = f"{headings}\nAcme,2023,Q4,3,12,40,9\n".encode()
    bulk.run(world.one.org_member, content, kind="quarterly")
    second = bulk.run(world.one.org_member, content, kind="quarterly", on_conflict="error")
    assert [issue["message"] for issue in bulk.issues(second["id"])] == ["Acme is stored for 2023Q4 already."]


def test_a_colleagues_row_is_not_editable_but_its_company_can_get_another_period(bulk: Bulk, world: World) -> None:
    bulk.run(world.one.org_member, annual_csv(_rows(2)))
    rows = [*_rows(2), healthy(0, year=2024)]
    job = bulk.run(world.one.other_member, annual_csv(rows))
    assert (job["rows_accepted"], job["rows_rejected"]) == (1, 2)
    assert [(issue["code"], issue["message"]) for issue in bulk.issues(job["id"])] == [
        ("not_editable", f"Company {number} is stored for 2023 already and belongs to somebody else.")
        for number in range(2)
    ]
    bulk.check_counts(job["id"])


def test_an_administrator_of_the_organization_edits_everybodys_rows(bulk: Bulk, world: World) -> None:
    bulk.run(world.one.org_member, annual_csv(_rows(2)))
    job = bulk.run(world.one.org_admin, annual_csv(_rows(2)))
    assert (job["state"], job["rows_accepted"]) == ("completed", 2)
    assert {row["created_by"] for row in bulk.predictions(job["id"])} == {world.one.org_member.user_id}
    bulk.check_counts(job["id"])


def test_tenants_organizations_and_people_never_meet(bulk: Bulk, world: World) -> None:
    content = annual_csv(_rows(3))
    jobs = [
        bulk.run(world.one.org_member, content),
        bulk.run(world.two.org_member, content),
        bulk.run(world.one.outsider, content),
        bulk.run(world.one.org_member, content, access_level="personal"),
        bulk.run(world.user, content),
        bulk.run(world.other_user, content),
        bulk.run(world.super_admin, content, access_level="system"),
    ]
    companies: set[Any] = set()
    for job in jobs:
        assert (job["state"], job["rows_accepted"]) == ("completed", 3)
        stored = bulk.predictions(job["id"])
        assert {row["tenant_id"] for row in stored} == {job["tenant_id"]}
        assert {row["access_level"] for row in stored} == {job["access_level"]}
        assert {row["organization_id"] for row in stored} == {job["organization_id"]}
        companies |= {row["company_id"] for row in stored}
    assert len(companies) == 3 * len(jobs)


def test_a_submitter_without_an_organization_cannot_write_into_one(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    job_id = bulk.submit(member, annual_csv(_rows(2)))
    bulk.superuser.execute("update bulk.jobs set submitter_organization_id = null where id = %s", [job_id])
    bulk.work(member.tenant_id)
    job = bulk.job(job_id)
    assert (job["state"], job["error_code"], job["rows_accepted"]) == ("failed", "submitter_not_allowed", 0)
    assert bulk.predictions(job_id) == []


def test_rows_that_somebody_stores_meanwhile_are_looked_at_again(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk.run(world.one.org_admin, annual_csv(_rows(4)))
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number, year=2024) for number in range(4)]))
    (reading,) = bulk.messages(world.one.id)
    bulk.perform(reading)
    chunk = bulk.messages(world.one.id)
    meanwhile = [
        (world.one.other_member, [healthy(0, year=2024)]),
        (world.one.org_member, [healthy(1, year=2024)]),
    ]
    find = predictions.find

    def slow(*args: Any, **options: Any) -> list[predictions.StoredPrediction]:
        found = find(*args, **options)
        others = list(meanwhile)
        meanwhile.clear()
        for caller, rows in others:
            bulk.run(caller, annual_csv(rows))
        return found

    monkeypatch.setattr(predictions, "find", slow)
    for message in chunk:
        bulk.perform(message)
    assert (bulk.job(job_id)["rows_accepted"], bulk.job(job_id)["rows_rejected"]) == (3, 1)
    assert [(issue["company"], issue["code"]) for issue in bulk.issues(job_id)] == [("Company 0", "not_editable")]
    bulk.check_counts(job_id)


def test_a_company_that_somebody_adds_meanwhile_is_taken(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bulk.submit(world.one.org_member, annual_csv(_rows(3)))
    (reading,) = bulk.messages(world.one.id)
    bulk.perform(reading)
    chunk = bulk.messages(world.one.id)
    meanwhile = [annual_csv([healthy(1, year=2020)])]
    find = companies.find

    def slow(*args: Any) -> list[tuple[int, str]]:
        found = find(*args)
        while meanwhile:
            bulk.run(world.one.other_member, meanwhile.pop())
        return found

    monkeypatch.setattr(companies, "find", slow)
    for message in chunk:
        bulk.perform(message)
    assert bulk.job(job_id)["rows_accepted"] == 3
    assert len(bulk.rows("select 1 from credit.companies where tenant_id = %s", world.one.id)) == 3
    bulk.check_counts(job_id)
