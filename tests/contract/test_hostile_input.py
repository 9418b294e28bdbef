"""Whatever a client sends, the answer is a reply of the contract: a problem with a status below 500, or a success."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.applications import Running
from tests.samples import resolve, sample

from accunode_common.auth.roles import Role
from accunode_common.http.operations import Operation, public_operations
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.people import WorldMaker

PARAMETER = re.compile(r"{(\w+)}")
TEXTS = ("", "\x00", "' or 1=1 --", "NaN", "9" * 40, "x" * 5000)
VALUES: tuple[Any, ...] = (None, True, -1, 1e308, 10**30, "\x00", "x" * 5000, [None], {})
BODIES = (b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a": NaN}', b"[" * 5000)
SERVICES = ("auth", "tenants", "predictions", "bulk-upload")


def requests(service: Running, operation: Operation) -> Iterator[dict[str, Any]]:
    """Calls of the operation with one thing wrong in each."""
    document = service.application.document
    described = document["paths"][operation.path][operation.method.lower()]
    names = PARAMETER.findall(operation.path)
    good = {name: "annual" if name == "kind" else str(new_id()) for name in names}
    content = described.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    body = {} if schema is None else {"json": sample(schema, document)}

    def call(ids: dict[str, str], **options: Any) -> dict[str, Any]:
        path = PARAMETER.sub(lambda found: _escaped(ids[found[1]]), operation.path)
        return {"method": operation.method, "path": path, **body, **options}

    yield call(good)
    for name in names:
        for text in TEXTS:
            if text:
                yield call({**good, name: text})
    for parameter in described.get("parameters", []):
        for text in TEXTS:
            if parameter["in"] == "query":
                yield call(good, params={parameter["name"]: text})
            elif parameter["in"] == "header" and text.isprintable() and text.isascii():
                yield call(good, headers={parameter["name"]: text})
    yield call(good, params={"no_such_parameter": "1"})
    if schema is None:
        return
    for raw in BODIES:
        yield {**call(good), "json": None, "content": raw, "headers": {"Content-Type": "application/json"}}
    yield {**call(good), "json": None, "content": b"a=b", "headers": {"Content-Type": "text/plain"}}
    for name in resolve(schema, document).get("properties", {}):
        for value in VALUES:
            yield call(good, json={**body["json"], name: value})


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


MANY_FIELDS = json.dumps({f"field{number}": 1 for number in range(45_000)}).encode()
JSON = {"Content-Type": "application/json"}


async def test_what_anybody_may_send_is_small(services: list[Running]) -> None:
    auth = next(each for each in services if each.application.service.name == "auth")
    public = public_operations(auth.application.app)
    tried = 0
    for operation in auth.application.operations:
        if (operation.method, operation.path) not in public or operation.method == "GET":
            continue
        for content in (MANY_FIELDS, b'{"a": "' + b"x" * 17_000 + b'"}'):
            path = PARAMETER.sub("x", operation.path)
            reply = await auth.client.as_(None).request(operation.method, path, content=content, headers=JSON)
            assert (reply.status_code, len(reply.content) < 1_000) == (413, True), (
                f"{operation.path}: {reply.text[:200]}"
            )
            tried += 1
    assert tried >= 10


@pytest.mark.parametrize("name", SERVICES)
async def test_many_unknown_fields_get_a_short_reply_from_every_route(
    services: list[Running], world_maker: WorldMaker, name: str
) -> None:
    service = next(each for each in services if each.application.service.name == name)
    tenant = world_maker.tenant("many fields")
    fields = json.dumps({f"field{number}": 1 for number in range(600)}).encode()
    for operation in service.application.operations:
        caller = service.client.as_(world_maker.caller(Role.ORG_ADMIN, tenant.id, tenant.organization_id))
        path = PARAMETER.sub(str(new_id()), operation.path)
        for content in (MANY_FIELDS, fields):
            reply = await caller.request(operation.method, path, content=content, headers=JSON)
            assert reply.status_code < 500, f"{operation.path}: {reply.text[:200]}"
            assert reply.status_code < 400 or len(reply.content) < 40_000


def is_of_the_contract(reply: httpx.Response) -> bool:
    if reply.status_code < 400:
        return True
    return reply.status_code < 500 and reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", SERVICES)
async def test_no_input_breaks_a_service(services: list[Running], world_maker: WorldMaker, name: str) -> None:
    service = next(each for each in services if each.application.service.name == name)
    tenant = world_maker.tenant("hostile")
    broken, sent = [], 0
    for operation in service.application.operations:
        # A caller of its own for each operation, as some end the caller's session.
        callers = [world_maker.caller(Role.SUPER_ADMIN, PLATFORM_TENANT_ID)]
        callers.append(world_maker.caller(Role.ORG_ADMIN, tenant.id, tenant.organization_id))
        for number, asked in enumerate(requests(service, operation)):
            reply = await service.client.as_(callers[number % 2]).request(**_encodable(asked))
            sent += 1
            if not is_of_the_contract(reply):
                shown = {key: str(value)[:80] for key, value in asked.items()}
                broken.append(f"{reply.status_code} {shown}: {reply.text[:200]}")
    assert broken == []
    assert sent > 100


def _encodable(asked: dict[str, Any]) -> dict[str, Any]:
    """httpx writes no NaN and no infinity; what it cannot write is not sent as JSON."""
    return {key: value for key, value in asked.items() if not (key == "json" and value is None)}
