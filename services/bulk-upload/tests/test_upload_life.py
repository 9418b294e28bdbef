"""Lists, single uploads, cancelling, trying again, deleting."""

from datetime import UTC, datetime, timedelta

import pytest
from upload_world import PATH, Uploads

from accunode_common.ids import new_id
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem


async def test_only_those_in_scope_see_an_upload(uploads: Uploads, world: World) -> None:
    shared = await uploads.made(world.one.org_member, access_level="organization")
    own = await uploads.made(world.one.org_member)
    for caller in (world.one.org_member, world.one.other_member, world.one.org_admin, world.one.tenant_admin):
        assert (await uploads.api.as_(caller).get(f"{PATH}/{shared}")).status_code == 200
    for caller in (world.one.outsider, world.two.org_member, world.two.tenant_admin, world.user):
        for path in ("", "/events", "/results", "/errors"):
            assert_problem(await uploads.api.as_(caller).get(f"{PATH}/{shared}{path}"), 404, "not_found")
        assert_problem(await uploads.api.as_(caller).post(f"{PATH}/{shared}/cancel"), 404, "not_found")
    for caller in (world.one.other_member, world.one.org_admin, world.one.tenant_admin, world.super_admin):
        assert_problem(await uploads.api.as_(caller).get(f"{PATH}/{own}"), 404, "not_found")
    assert_problem(await uploads.api.as_(world.one.org_member).get(f"{PATH}/{new_id()}"), 404)


async def test_lists_have_the_callers_uploads_newest_first(uploads: Uploads, world: World) -> None:
    member = uploads.api.as_(world.one.org_member)
    made = [str(await uploads.made(world.one.org_member)) for _ in range(3)]
    await uploads.made(world.one.other_member)
    await uploads.made(world.two.org_member, access_level="organization")
    uploads.set(made[0], state="completed")
    page = (await member.get(PATH, params={"limit": 2, "with_total": True})).json()
    assert [item["id"] for item in page["items"]] == made[:0:-1]
    assert page["total"] == 3
    rest = (await member.get(PATH, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([made[0]], None)
    found = (await member.get(PATH, params={"state": "completed"})).json()
    assert [item["id"] for item in found["items"]] == [made[0]]
    assert (await member.get(PATH, params={"kind": "quarterly"})).json()["items"] == []
    assert_problem(await member.get(PATH, params={"stat": "completed"}), 422, pointer="/query/stat")


async def test_progress_rate_and_end_follow_the_counts(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    now = datetime.now(UTC)
    uploads.set(
        job_id,
        state="scoring",
        rows_total=1000,
        rows_accepted=400,
        rows_rejected=80,
        rows_skipped=20,
        ingested_at=now - timedelta(seconds=10),
        result='{"risk_levels": {"LOW": 400}, "grades": {"AN01": 400}}',
    )
    reply = await uploads.api.as_(world.one.org_member).get(f"{PATH}/{job_id}")
    job = reply.json()
    assert (job["progress"], job["rows_remaining"]) == (0.5, 500)
    assert 20 < job["rows_per_second"] <= 40
    assert timedelta(seconds=10) < datetime.fromisoformat(job["estimated_end"]) - now < timedelta(seconds=40)
    assert (job["risk_levels"], job["grades"]) == ({"LOW": 400}, {"AN01": 400})
    assert reply.headers["etag"] == f'"{job["version"]}"'


async def test_an_ended_upload_tells_how_many_of_its_rows_a_later_one_has_taken_over(
    uploads: Uploads, world: World
) -> None:
    member = world.one.org_member
    api = uploads.api.as_(member)
    first, later, dry = [await uploads.made(member) for _ in range(3)]
    assert (await api.get(f"{PATH}/{first}")).json()["rows_superseded"] is None
    uploads.finish(member, first, stored=3)
    assert (await api.get(f"{PATH}/{first}")).json()["rows_superseded"] == 0
    uploads.superuser.execute(
        "update credit.predictions set job_id = %s where job_id = %s and row_number > 2", [later, first]
    )
    shown = (await api.get(f"{PATH}/{first}")).json()
    results = (await api.get(f"{PATH}/{first}/results", params={"with_total": True})).json()
    assert (shown["rows_accepted"], shown["rows_superseded"], results["total"]) == (3, 2, 1)
    uploads.set(dry, state="completed", dry_run=True, rows_total=3, rows_accepted=3)
    assert (await api.get(f"{PATH}/{dry}")).json()["rows_superseded"] == 0
    assert {item["rows_superseded"] for item in (await api.get(PATH)).json()["items"]} == {None}


async def test_cancelling_asks_the_workers_once(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member, access_level="organization")
    uploads.messages(world.one.id)
    assert_problem(await uploads.api.as_(world.one.other_member).post(f"{PATH}/{job_id}/cancel"), 403, "forbidden")
    for caller in (world.one.org_member, world.one.org_admin):
        reply = await uploads.api.as_(caller).post(f"{PATH}/{job_id}/cancel")
        assert (reply.status_code, reply.json()["state"]) == (202, "cancelling")
    (message,) = uploads.messages(world.one.id)
    assert (message["task"], message["payload"]["job_id"]) == ("bulk.advance", str(job_id))
    uploads.set(job_id, state="cancelled")
    assert_problem(await uploads.api.as_(world.one.org_member).post(f"{PATH}/{job_id}/cancel"), 409, "conflict")


async def test_a_retry_readies_the_quarantined_chunks_only(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    for number, state, rows in ((0, "done", 0), (1, "done", 5), (2, "quarantined", 3), (3, "quarantined", 2)):
        uploads.chunk(job_id, number, state, rows)
    uploads.issue(job_id, 1, "bad_period")
    uploads.issue(job_id, 7, "chunk_failed")
    uploads.set(
        job_id,
        state="completed_with_errors",
        rows_total=11,
        rows_accepted=5,
        rows_rejected=6,
        chunks_total=3,
        chunks_done=3,
    )
    uploads.messages(world.one.id)
    reply = await uploads.api.as_(member).post(f"{PATH}/{job_id}/retry")
    job = reply.json()
    assert (reply.status_code, job["state"], job["rows_rejected"], job["finished_at"]) == (202, "scoring", 1, None)
    chunks = uploads.rows("select * from bulk.chunks where job_id = %s order by number", job_id)
    assert [(chunk["state"], chunk["attempts"]) for chunk in chunks] == [
        ("done", 3),
        ("done", 3),
        ("ready", 0),
        ("ready", 0),
    ]
    (row,) = uploads.rows("select chunks_done from bulk.jobs where id = %s", job_id)
    assert row["chunks_done"] == 1
    issues = uploads.rows("select code from bulk.row_issues where job_id = %s", job_id)
    assert [issue["code"] for issue in issues] == ["bad_period"]
    assert [message["task"] for message in uploads.messages(world.one.id)] == ["bulk.advance"]


async def test_a_retry_reads_a_file_again_that_could_not_be_read(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    uploads.chunk(job_id, 0, "quarantined")
    uploads.set(job_id, state="failed", error_code="ingest_failed", error_message="OSError")
    uploads.messages(world.one.id)
    reply = await uploads.api.as_(member).post(f"{PATH}/{job_id}/retry")
    assert (reply.json()["state"], reply.json()["error"]) == ("queued", None)
    assert [message["task"] for message in uploads.messages(world.one.id)] == ["bulk.ingest"]


@pytest.mark.parametrize(
    ("state", "code"),
    [("queued", None), ("scoring", None), ("completed", None), ("failed", "missing_columns")],
)
async def test_there_is_nothing_to_retry_where_nothing_failed(
    uploads: Uploads, world: World, state: str, code: str | None
) -> None:
    job_id = await uploads.made(world.one.org_member)
    uploads.chunk(job_id, 0, "done")
    uploads.set(job_id, state=state, error_code=code)
    assert_problem(await uploads.api.as_(world.one.org_member).post(f"{PATH}/{job_id}/retry"), 409, "conflict")


async def test_rejected_rows_alone_are_nothing_to_retry(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    uploads.chunk(job_id, 0, "done")
    uploads.set(job_id, state="completed_with_errors", rows_total=1, rows_rejected=1)
    assert_problem(await uploads.api.as_(world.one.org_member).post(f"{PATH}/{job_id}/retry"), 409, "conflict")


async def test_deleting_keeps_the_predictions_and_purges_the_files(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member, access_level="organization")
    api = uploads.api.as_(member)
    assert_problem(await api.delete(f"{PATH}/{job_id}"), 409, "conflict")
    uploads.finish(member, job_id, stored=2)
    uploads.messages(world.one.id)
    assert_problem(await uploads.api.as_(world.one.other_member).delete(f"{PATH}/{job_id}"), 403, "forbidden")
    assert (await api.delete(f"{PATH}/{job_id}")).status_code == 204
    assert_problem(await api.get(f"{PATH}/{job_id}"), 404, "not_found")
    assert uploads.rows("select 1 from bulk.chunks where job_id = %s", job_id) == []
    kept = uploads.rows("select job_id, row_number from credit.predictions where tenant_id = %s", world.one.id)
    assert kept == [{"job_id": None, "row_number": None}] * 2
    assert [message["task"] for message in uploads.messages(world.one.id)] == ["bulk.purge_files"]


async def test_an_upload_that_changed_others_predictions_is_not_deleted(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member, access_level="organization")
    uploads.finish(world.one.other_member, job_id, stored=1)
    assert_problem(await uploads.api.as_(member).delete(f"{PATH}/{job_id}"), 409, "conflict")
    assert (await uploads.api.as_(world.one.org_admin).delete(f"{PATH}/{job_id}")).status_code == 204


async def test_uploads_are_jobs_too(uploads: Uploads, world: World) -> None:
    job_id = await uploads.made(world.one.org_member)
    api = uploads.api.as_(world.one.org_member)
    job = (await api.get(f"/api/v1/jobs/{job_id}")).json()
    assert (job["type"], job["state"], job["progress"]) == ("bulk_upload", "queued", 0)
    page = (await api.get("/api/v1/jobs", params={"type": "bulk_upload", "state": "queued"})).json()
    assert [item["id"] for item in page["items"]] == [str(job_id)]
    assert_problem(await uploads.api.as_(world.two.org_member).get(f"/api/v1/jobs/{job_id}"), 404, "not_found")
