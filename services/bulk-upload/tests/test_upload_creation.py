"""POST /bulk-uploads: what is taken, what is refused, and what is left behind."""

import errno
import hashlib
import os
from uuid import UUID

import httpx
import pytest
from upload_world import CONTENT, PATH, Uploads

from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem


async def test_a_file_is_stored_and_its_job_message_and_audit_event_commit_together(
    uploads: Uploads, world: World
) -> None:
    member = world.one.org_member
    reply = await uploads.send(
        member, name="C:\\books\\2024 März.csv", access_level="organization", on_conflict="skip", dry_run="true"
    )
    assert reply.status_code == 202
    job = reply.json()
    assert reply.headers["location"] == f"{PATH}/{job['id']}"
    assert (job["state"], job["progress"], job["rows_total"], job["error"]) == ("queued", 0, 0, None)
    assert (job["access_level"], job["organization_id"]) == ("organization", str(world.one.organization_id))
    assert (job["on_conflict"], job["dry_run"], job["created_by"]) == ("skip", True, str(member.user_id))
    assert job["file"] == {
        "name": "2024 März.csv",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    (row,) = uploads.rows("select * from bulk.jobs where id = %s", UUID(job["id"]))
    assert (row["read_reach"], row["write_reach"]) == ("organization", "own")
    assert row["submitter_organization_id"] == world.one.organization_id
    assert (uploads.objects / row["file_key"]).read_bytes() == CONTENT
    assert row["file_key"].startswith(str(world.one.id))
    (message,) = uploads.messages(world.one.id)
    assert (message["task"], message["queue"], message["payload"]["job_id"]) == (
        "bulk.ingest",
        "interactive",
        job["id"],
    )
    assert message["payload"]["request_id"] == reply.headers["x-request-id"]
    (event,) = uploads.rows("select * from audit.events where resource_id = %s", job["id"])
    assert (event["action"], event["actor_id"]) == ("bulk_upload.create", member.user_id)


async def test_every_role_uploads_personal_records(uploads: Uploads, caller: Caller) -> None:
    reply = await uploads.send(caller)
    assert reply.status_code == 202
    assert reply.json()["access_level"] == "personal"


async def test_nobody_unknown_is_listened_to(uploads: Uploads) -> None:
    before = uploads.stored_files()
    assert_problem(await uploads.send(None), 401, "unauthenticated")
    assert uploads.stored_files() == before


@pytest.mark.parametrize(
    ("fields", "pointer", "fault"),
    [
        ({"kind": "monthly"}, "/body/kind", "enum"),
        ({"kind": ""}, "/body/kind", "enum"),
        ({"on_conflict": "merge"}, "/body/on_conflict", "literal_error"),
        ({"dry_run": "perhaps"}, "/body/dry_run", "bool_parsing"),
        ({"acces_level": "personal"}, "/body/acces_level", "extra_forbidden"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(
    uploads: Uploads, world: World, fields: dict[str, str], pointer: str, fault: str
) -> None:
    before = uploads.stored_files()
    reply = await uploads.send(world.one.org_member, **fields)
    assert_problem(reply, 422, "invalid_input", pointer=pointer, fault=fault)
    assert uploads.stored_files() == before
    assert uploads.messages(world.one.id) == []


async def test_an_empty_file_and_a_missing_one_are_refused(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    assert_problem(await uploads.send(member, b""), 422, pointer="/body/file", fault="empty_file")
    reply = await uploads.api.as_(member).post(PATH, files={"kind": (None, "annual")})
    assert_problem(reply, 422, pointer="/body/file", fault="missing")
    twice = [("file", ("a.csv", CONTENT)), ("file", ("b.csv", CONTENT)), ("kind", (None, "annual"))]
    reply = await uploads.api.as_(member).post(PATH, files=twice)
    assert_problem(reply, 422, pointer="/body/file", fault="repeated")


async def test_a_file_that_is_too_large_is_refused_declared_or_not(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    before = uploads.stored_files()
    assert_problem(await uploads.send(member, b"x" * 200_000), 413, "payload_too_large")
    assert_problem(await uploads.send(member, b"x" * 101_000), 413, "payload_too_large")
    request = httpx.Request("POST", "http://a", data={"kind": "annual"}, files={"file": ("a.csv", b"x" * 300_000)})
    body = request.read()

    async def pieces():  # type: ignore[no-untyped-def]
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    reply = await uploads.api.as_(member).post(
        PATH, content=pieces(), headers={"content-type": request.headers["content-type"]}
    )
    assert_problem(reply, 413)
    assert uploads.stored_files() == before


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 400),
        pytest.param(f"multipart/form-data; boundary={'b' * 300}", b"x", 400, id="a boundary that is too long"),
        pytest.param(
            "multipart/form-data; boundary=b",
            b"--b\r\n" + b"H" * 100_000 + b": 1\r\n\r\nabc\r\n--b--\r\n",
            400,
            id="a header that is too long",
        ),
        ("multipart/form-data; boundary=b", b"nothing of the kind", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc', 400),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: attachment\r\n\r\nabc\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"", 400),
    ],
)
async def test_a_damaged_body_is_refused(
    uploads: Uploads, world: World, content_type: str, body: bytes, status: int
) -> None:
    before = uploads.stored_files()
    reply = await uploads.api.as_(world.one.org_member).post(PATH, content=body, headers={"content-type": content_type})
    assert_problem(reply, status)
    assert uploads.stored_files() == before


async def test_a_refused_upload_leaves_no_folder_behind(uploads: Uploads, world: World) -> None:
    before = sorted(uploads.objects.glob("*/bulk/*"))
    assert_problem(await uploads.send(world.one.org_member, b"x" * 101_000), 413)
    assert_problem(await uploads.send(world.one.org_member, kind="monthly"), 422)
    assert sorted(uploads.objects.glob("*/bulk/*")) == before


async def test_access_levels_are_for_those_who_may_write_them(uploads: Uploads, world: World) -> None:
    before = uploads.stored_files()
    assert_problem(await uploads.send(world.user, access_level="organization"), 403, "forbidden")
    assert_problem(await uploads.send(world.one.tenant_admin, access_level="organization"), 403, "forbidden")
    assert_problem(await uploads.send(world.one.org_admin, access_level="system"), 403, "forbidden")
    assert uploads.stored_files() == before
    reply = await uploads.send(world.super_admin, access_level="system")
    assert (reply.status_code, reply.json()["access_level"]) == (202, "system")


async def test_a_repeat_under_the_same_key_gets_the_first_reply_and_stores_nothing(
    uploads: Uploads, world: World
) -> None:
    key = {"Idempotency-Key": "upload-of-today"}
    first = await uploads.send(world.one.org_member, headers=key)
    files = uploads.stored_files()
    second = await uploads.send(world.one.org_member, headers=key)
    assert (second.status_code, second.json()) == (202, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert uploads.stored_files() == files
    assert len(uploads.messages(world.one.id)) == 1
    other = await uploads.send(world.one.org_member, CONTENT + b"Beta,2024\n", headers=key)
    assert_problem(other, 409, "idempotency_conflict")
    assert uploads.stored_files() == files


async def test_another_file_of_the_same_length_is_another_request(uploads: Uploads, world: World) -> None:
    key = {"Idempotency-Key": "two-books-of-one-size"}
    await uploads.send(world.one.org_member, CONTENT, headers=key)
    files = uploads.stored_files()
    other = await uploads.send(world.one.org_member, CONTENT.replace(b"2024", b"2023"), headers=key)
    assert_problem(other, 409, "idempotency_conflict")
    other = await uploads.send(world.one.org_member, headers=key, on_conflict="skip")
    assert_problem(other, 409, "idempotency_conflict")
    assert uploads.stored_files() == files


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_store_is_told_with_what_to_do_and_nothing_is_kept(
    uploads: Uploads, world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(code, "it is full")

    before = uploads.stored_files()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        reply = await uploads.send(world.one.org_member)
    assert_problem(reply, 507, "insufficient_storage")
    assert "free space" in reply.json()["detail"]
    assert uploads.stored_files() == before
    assert (await uploads.send(world.one.org_member)).status_code == 202
