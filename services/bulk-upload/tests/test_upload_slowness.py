"""Uploads that stop, drip or are many at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from upload_world import PATH, Uploads

from accunode_bulk_upload.app import create_app
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.db.access import DatabaseRole
from accunode_common.http.slots import Slots
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\nannual\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ncompany_name,'
)
END = b"fiscal_year\r\n--b--\r\n"


async def _body(go_on: asyncio.Event) -> AsyncIterator[bytes]:
    yield HEAD
    await go_on.wait()
    yield END


async def test_a_person_sends_three_files_at_once_and_no_more(
    api: ServiceClient, world: World, uploads: Uploads, redis: Redis
) -> None:
    member, go_on = world.one.org_member, asyncio.Event()

    def send() -> asyncio.Task[httpx.Response]:
        return asyncio.create_task(api.as_(member).post(PATH, content=_body(go_on), headers=FORM))

    first = [send() for _ in range(3)]
    key = f"accunode:slots:uploads:{member.user_id}"
    while await redis.zcard(key) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    refused = await send()
    problem = assert_problem(refused, 429)
    assert problem["detail"] == "You have 3 uploads under way; send this when one has arrived."
    assert "retry-after" in refused.headers
    other = asyncio.create_task(api.as_(world.one.other_member).post(PATH, content=_body(go_on), headers=FORM))
    go_on.set()
    assert {reply.status_code for reply in [*await asyncio.gather(*first), await other]} == {202}
    assert await redis.zcard(key) == 0
    assert (await send()).status_code == 202


async def test_a_place_that_nobody_keeps_is_free_again(redis: Redis, world: World) -> None:
    person = str(world.one.org_member.user_id)
    slots = Slots("test", 1, 0.3, "No.")
    async with slots.hold(redis, person):
        await asyncio.sleep(0.35)
        async with slots.hold(redis, person) as place:
            for _ in range(10):
                await asyncio.sleep(0.05)
                await place.keep()
            assert await redis.zcard(f"accunode:slots:test:{person}") == 1


@pytest.fixture
async def hasty(make_settings: SettingsFactory, issuer: TestIssuer, objects: Path) -> AsyncIterator[ServiceClient]:
    """The service, of little patience."""
    settings = make_settings(BulkUploadSettings, DatabaseRole.BULK, storage_url=objects.as_uri(), body_idle_seconds=0.2)
    async with running(create_app(settings, key_source=issuer.source)) as client:
        yield client


async def test_an_upload_that_stops_is_cut_off_and_nothing_of_it_is_left(
    hasty: ServiceClient, world: World, uploads: Uploads, redis: Redis
) -> None:
    before = uploads.stored_files()
    member = world.one.org_member
    reply = await hasty.as_(member).post(PATH, content=_body(asyncio.Event()), headers=FORM)
    assert_problem(reply, 408, "request_timeout")
    assert reply.headers["connection"] == "close"
    assert uploads.stored_files() == before
    assert await redis.zcard(f"accunode:slots:uploads:{member.user_id}") == 0


@pytest.mark.parametrize("head", [b"X-Long: " + b"y" * 90_000, b"x" * 90_000, b"X: y\r\n" * 20])
async def test_the_head_of_a_part_is_short(api: ServiceClient, world: World, head: bytes) -> None:
    content = b'--b\r\nContent-Disposition: form-data; name="file"\r\n' + head
    reply = await api.as_(world.one.org_member).post(PATH, content=content, headers=FORM)
    assert "Maximum header" in assert_problem(reply, 400)["detail"]
