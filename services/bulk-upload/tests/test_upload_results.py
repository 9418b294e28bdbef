"""Results, errors, templates, and the course of a job as events."""

import csv
import io
import pkgutil
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from upload_world import ANNUAL, PATH, Uploads, events_of

from accunode_common.models.revocations import RevocationKind
from accunode_common.tabular import open_table
from accunode_common.testing.people import World
from accunode_common.testing.plugin import Revoker
from accunode_common.testing.problems import assert_problem


async def test_results_come_in_the_files_order_with_reasons_in_words(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member, access_level="organization")
    uploads.finish(member, job_id, stored=5)
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await uploads.api.as_(world.one.other_member).get(
            f"{PATH}/{job_id}/results", params={"limit": 2, **cursor}
        )
        page = reply.json()
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [row["row_number"] for row in rows] == [2, 3, 4, 5, 6]
    row = rows[0]
    assert row["company_name"] == f"Company 2 of {job_id}"
    assert (row["fiscal_year"], row["fiscal_quarter"]) == (2024, None)
    assert row["ratios"] == ANNUAL
    assert 0 < row["pd"] <= row["pd_2y"] <= row["pd_3y"] < 1
    assert [reason["code"] for reason in row["reasons"]][:4] == row["reason_codes"]
    assert all(reason["text"] for reason in row["reasons"])
    none = await uploads.api.as_(member).get(f"{PATH}/{job_id}/results", params={"risk_level": "CRITICAL"})
    assert none.json()["items"] == [row for row in rows if row["risk_level"] == "CRITICAL"]


async def test_results_are_files_too(uploads: Uploads, world: World) -> None:
    member = uploads.api.as_(world.one.org_member)
    job_id = await uploads.made(world.one.org_member)
    uploads.finish(world.one.org_member, job_id, stored=3)
    reply = await member.get(f"{PATH}/{job_id}/results", params={"format": "csv"})
    assert reply.headers["content-type"].startswith("text/csv")
    assert f"results-{job_id}.csv" in reply.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["row_number"] for row in rows] == ["2", "3", "4"]
    assert float(rows[0]["pd"]) > 0
    assert rows[0]["ebit_to_interest_expense"] == ""
    for file_format in ("xlsx", "parquet"):
        reply = await member.get(f"{PATH}/{job_id}/results", params={"format": file_format})
        with open_table(io.BytesIO(reply.content)) as table:
            assert len(list(table)) == 4


@pytest.mark.parametrize("path", ["results", "errors"])
async def test_a_file_of_many_blocks_says_what_the_pages_say_and_holds_no_transaction(
    uploads: Uploads, world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("accunode_bulk_upload.results.files.BLOCK_ROWS", 2)
    member = world.one.org_member
    job_id = await uploads.made(member)
    if path == "results":
        uploads.finish(member, job_id, stored=5)
    else:
        for row in (7, 4, 9, 5, 12):
            uploads.issue(job_id, row, "unparseable_number", value="1,2,3")
    reads = f"accunode_bulk_upload.results.repository.{'predictions' if path == 'results' else 'issues'}_after"
    read, open_transactions = pkgutil.resolve_name(reads), []

    async def watched(*args: Any, **kwargs: Any) -> Any:
        found = await read(*args, **kwargs)
        (activity,) = uploads.rows(
            "select count(*) as count from pg_stat_activity where datname = current_database()"
            " and usename = 'accunode_bulk' and xact_start is not null"
        )
        open_transactions.append(activity["count"])
        return found

    monkeypatch.setattr(reads, watched)
    reply = await uploads.api.as_(member).get(f"{PATH}/{job_id}/{path}", params={"format": "csv"})
    assert open_transactions == [1, 1, 1]
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    items = (await uploads.api.as_(member).get(f"{PATH}/{job_id}/{path}")).json()["items"]
    assert len(rows) == len(items) == 5
    for row, item in zip(rows, items, strict=True):
        flat = {**item, **item.get("ratios", {})}
        for name in row:
            value = flat.get(name)
            if name == "sector":
                continue
            assert row[name] == (" ".join(value) if isinstance(value, list) else "" if value is None else str(value))


async def test_a_file_of_a_job_without_rows_has_its_header(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    for path in ("results", "errors"):
        reply = await uploads.api.as_(world.one.org_member).get(f"{PATH}/{job_id}/{path}", params={"format": "csv"})
        assert reply.content.decode("utf-8-sig").splitlines()[0].startswith("row_number,")


async def test_errors_say_line_column_code_message_and_value(uploads: Uploads, world: World) -> None:
    member = uploads.api.as_(world.one.org_member)
    job_id = await uploads.made(world.one.org_member)
    for row in (9, 4, 7):
        uploads.issue(job_id, row, "unparseable_number", value="=cmd()")
    uploads.issue(job_id, 5, "duplicate", outcome="skipped")
    page = (await member.get(f"{PATH}/{job_id}/errors", params={"with_total": True})).json()
    assert [item["row_number"] for item in page["items"]] == [4, 7, 9]
    assert page["total"] == 3
    assert page["items"][0] == {
        "row_number": 4,
        "outcome": "rejected",
        "company": "Acme",
        "column": "net_income_margin",
        "code": "unparseable_number",
        "message": "It is wrong.",
        "value": "=cmd()",
    }
    everything = (await member.get(f"{PATH}/{job_id}/errors", params={"with_skipped": True, "limit": 2})).json()
    assert [item["row_number"] for item in everything["items"]] == [4, 5]
    cursor = everything["next_cursor"]
    rest = (await member.get(f"{PATH}/{job_id}/errors", params={"with_skipped": True, "cursor": cursor})).json()
    assert [item["row_number"] for item in rest["items"]] == [7, 9]
    reply = await member.get(f"{PATH}/{job_id}/errors", params={"format": "csv", "with_skipped": True})
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["row_number"] for row in rows] == ["4", "5", "7", "9"]
    assert rows[0]["value"] == "'=cmd()"


@pytest.mark.parametrize("kind", ["annual", "quarterly", "statement"])
async def test_templates_have_every_column_its_unit_and_an_example(uploads: Uploads, world: World, kind: str) -> None:
    api = uploads.api.as_(world.user)
    reply = await api.get(f"{PATH}/templates/{kind}")
    lines = list(csv.reader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert {"company_name", "fiscal_year"} <= set(lines[0])
    assert ("fiscal_quarter" in lines[0]) == (kind == "quarterly")
    assert all(len(line) == len(lines[0]) for line in lines)
    reply = await api.get(f"{PATH}/templates/{kind}", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(reply.content)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == lines[0]
    assert_problem(await api.get(f"{PATH}/templates/monthly"), 422)


async def test_events_follow_a_job_to_its_end(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    stream = uploads.follow(member, job_id)
    await stream.said('"state":"queued"')
    await stream.said(": nothing new")
    uploads.set(job_id, state="scoring", rows_total=4, rows_accepted=2)
    await stream.said('"state":"scoring"')
    uploads.set(job_id, state="completed", rows_accepted=4)
    events = await stream.ended()
    assert [(name, data["state"]) for name, data in events] == [
        ("progress", "queued"),
        ("progress", "scoring"),
        ("end", "completed"),
    ]
    assert [data["progress"] for _, data in events] == [0, 0.5, 1]
    again = await uploads.api.as_(member).get(
        f"{PATH}/{job_id}/events", headers={"Last-Event-ID": str(events[-1][1]["version"])}
    )
    assert again.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in events_of(again.text)] == ["end"]


async def test_a_job_deleted_meanwhile_ends_its_events(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    stream = uploads.follow(world.one.org_member, job_id)
    await stream.said("event: progress")
    uploads.superuser.execute("delete from bulk.jobs where id = %s", [job_id])
    assert [name for name, _ in await stream.ended()] == ["progress", "gone"]


async def test_nobody_keeps_more_streams_open_than_allowed(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    path = f"{PATH}/{job_id}/events"
    streams = [uploads.follow(member, job_id) for _ in range(2)]
    for stream in streams:
        await stream.said("event: progress")
    refused = await uploads.api.as_(member).get(path)
    assert_problem(refused, 429, "rate_limited")
    assert refused.headers["retry-after"]
    uploads.set(job_id, state="cancelled")
    for stream in streams:
        await stream.ended()
    assert (await uploads.api.as_(member).get(path)).status_code == 200


async def test_streams_that_open_at_the_same_moment_are_counted(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    streams = [uploads.follow(member, job_id) for _ in range(5)]
    for stream in streams:
        await stream.said('":')
    assert sorted("rate_limited" in stream.text for stream in streams) == [False, False, True, True, True]
    uploads.set(job_id, state="cancelled")
    for stream in streams:
        await stream.ended()


async def test_a_stream_whose_client_has_gone_counts_no_longer(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    streams = [uploads.follow(member, job_id) for _ in range(2)]
    for stream in streams:
        await stream.said("event: progress")
    await streams[0].leave()
    another = uploads.follow(member, job_id)
    await another.said("event: progress")
    uploads.set(job_id, state="cancelled")
    await another.ended()
    await streams[1].ended()


async def test_no_transaction_is_held_while_events_are_awaited(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    stream = uploads.follow(world.one.org_member, job_id)
    await stream.said("event: progress")

    def transactions() -> set[tuple[int, datetime]]:
        rows = uploads.rows(
            "select pid, xact_start from pg_stat_activity where datname = current_database()"
            " and usename = 'accunode_bulk' and xact_start is not null"
        )
        return {(row["pid"], row["xact_start"]) for row in rows}

    begun = transactions()
    uploads.set(job_id, state="scoring")
    await stream.said('"state":"scoring"')
    assert begun & transactions() == set()
    uploads.set(job_id, state="cancelled")
    await stream.ended()


async def test_events_end_with_the_callers_session(uploads: Uploads, world: World, revoker: Revoker) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    stream = uploads.follow(member, job_id)
    await stream.said("event: progress")
    await revoker.revoke(RevocationKind.SESSION, member.subject.session_id)
    assert [data["state"] for _, data in await stream.ended()] == ["queued"]
