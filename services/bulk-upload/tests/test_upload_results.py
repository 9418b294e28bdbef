"""Results, errors, templates, and the course of a job as events."""

import asyncio
import csv
import io
import json
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from redis.asyncio import Redis
from upload_world import ANNUAL, PATH, Uploads

from accunode_common.auth.revocation import Revocations
from accunode_common.tabular import open_table
from accunode_common.testing.people import World
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


def _events(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block for block in text.split("\n\n") if "event:" in block]
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(field["event"], json.loads(field["data"])) for field in fields]


async def test_events_follow_a_job_to_its_end(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)

    async def work() -> None:
        await asyncio.sleep(0.2)
        uploads.set(job_id, state="scoring", rows_total=4, rows_accepted=2)
        await asyncio.sleep(0.2)
        uploads.set(job_id, state="completed", rows_accepted=4)

    reply, _ = await asyncio.gather(uploads.api.as_(member).get(f"{PATH}/{job_id}/events"), work())
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = _events(reply.text)
    assert [(name, data["state"]) for name, data in events] == [
        ("progress", "queued"),
        ("progress", "scoring"),
        ("end", "completed"),
    ]
    assert [data["progress"] for _, data in events] == [0, 0.5, 1]
    again = await uploads.api.as_(member).get(
        f"{PATH}/{job_id}/events", headers={"Last-Event-ID": str(events[-1][1]["version"])}
    )
    assert [name for name, _ in _events(again.text)] == ["end"]


async def test_a_job_deleted_meanwhile_ends_its_events(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)

    async def remove() -> None:
        await asyncio.sleep(0.1)
        uploads.superuser.execute("delete from bulk.jobs where id = %s", [job_id])

    reply, _ = await asyncio.gather(uploads.api.as_(world.one.org_member).get(f"{PATH}/{job_id}/events"), remove())
    assert "event: gone" in reply.text


async def test_nobody_keeps_more_streams_open_than_allowed(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    path = f"{PATH}/{job_id}/events"
    streams = [asyncio.create_task(uploads.api.as_(member).get(path)) for _ in range(2)]
    await asyncio.sleep(0.2)
    refused = await uploads.api.as_(member).get(path)
    assert_problem(refused, 429, "rate_limited")
    assert refused.headers["retry-after"]
    uploads.set(job_id, state="cancelled")
    await asyncio.gather(*streams)
    assert (await uploads.api.as_(member).get(path)).status_code == 200


async def test_no_transaction_is_held_while_events_are_awaited(uploads: Uploads, world: World) -> None:
    job_id: UUID = await uploads.made(world.one.org_member)
    stream = asyncio.create_task(uploads.api.as_(world.one.org_member).get(f"{PATH}/{job_id}/events"))
    held = []
    for _ in range(10):
        await asyncio.sleep(0.03)
        held += uploads.rows(
            "select pid from pg_stat_activity where usename = 'accunode_bulk' and state = 'idle in transaction'"
            " and state_change < now() - interval '100 milliseconds'"
        )
    uploads.set(job_id, state="cancelled")
    await stream
    assert held == []


async def test_events_end_with_the_callers_session(uploads: Uploads, world: World, redis: Redis) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)

    async def sign_out() -> None:
        await asyncio.sleep(0.1)
        await Revocations(redis).revoke_session(member.subject.session_id)
        await asyncio.sleep(0.1)
        uploads.set(job_id, state="scoring")

    reply, _ = await asyncio.gather(uploads.api.as_(member).get(f"{PATH}/{job_id}/events"), sign_out())
    assert [data["state"] for _, data in _events(reply.text)] == ["queued"]
