"""The SCIM endpoint keeps to RFC 7643 and RFC 7644, by a checker of others, and falls over no operation."""

import asyncio
import json
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server, filling
from scim_helpers import SCIM, DirectoryClient, assert_error, connect_directory

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World

BAD = {Status.ERROR, Status.CRITICAL, Status.DEVIATION}


@pytest.fixture
async def directory(auth: ServiceClient, superuser: psycopg.Connection, world: World) -> DirectoryClient:
    return await connect_directory(auth, superuser, world.one)


class Checker(BaseSyncSCIMClient):
    """The checker's client, in a thread beside the test's loop."""

    def __init__(self, directory: DirectoryClient, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._directory, self._loop = directory, loop

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return True

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        path = url.partition(SCIM)[2] or f"/{url.lstrip('/')}"
        asked = self._directory.ask(method, path, **options)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(timeout=30)


async def test_a_conformance_checker_has_nothing_to_say(
    directory: DirectoryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = filling.get_random_example_value
    monkeypatch.setattr(
        filling,
        "get_random_example_value",
        lambda path: directory.address() if str(path).endswith("userName") else example(path),
    )
    checker = Checker(directory, asyncio.get_running_loop())
    results = await asyncio.to_thread(check_server, checker, resource_types=["User"])  # groups are not made
    assert len(results) > 20
    assert [f"{each.status} {each.title}: {each.reason}" for each in results if each.status in BAD] == []


TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["\x00", "\ud800", "true", "x" * 300, "a@b.example"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "active", "userName", "name", "givenName", "$ref", "id"]), inner),
    ),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        "active",
        "name",
        "name.givenName",
        "displayName",
        "externalId",
        "userName",
        "emails",
        'emails[type eq "work"].value',
        'emails[value eq "x"]',
        "urn:ietf:params:scim:schemas:core:2.0:User:active",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "id",
        "meta",
        "meta.version",
        "schemas",
        "members",
        "name[",
        "",
        "a.b.c",
    ]
)
OPERATIONS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "replace", "remove", "Add", "copy", ""])},
            optional={"path": st.one_of(PATHS, VALUES), "value": VALUES},
        ),
        VALUES,
    ),
    max_size=3,
)


@pytest.fixture
async def patching(directory: DirectoryClient) -> tuple[DirectoryClient, str]:
    made = await directory.add(directory.address(), externalId="e-1", name={"givenName": "Ada"})
    return directory, made.json()["id"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.one_of(OPERATIONS, VALUES), data=VALUES)
async def test_no_operation_makes_the_service_fail(
    patching: tuple[DirectoryClient, str], operations: Any, data: Any
) -> None:
    directory, user_id = patching
    patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    for method, body in (("PATCH", {"schemas": [patch], "Operations": operations}), ("PATCH", data), ("PUT", data)):
        content = json.dumps(body)
        headers = {"Content-Type": "application/scim+json"}
        reply = await directory.ask(method, f"/Users/{user_id}", content=content, headers=headers)
        if reply.status_code != 200:
            assert reply.status_code in (400, 413), reply.text
            assert_error(reply, reply.status_code, reply.json().get("scimType"))
    shown = await directory.ask("GET", f"/Users/{user_id}")
    assert shown.status_code == 200
    assert isinstance(shown.json()["active"], bool)
