"""Whatever opaque thing a client alters or makes up (token, key, cursor, tag, event id): a refusal, never a failure."""

import random
import re
from typing import Any

import pytest
from tests.applications import Running
from tests.samples import resolve, sample

from accunode_common.auth.roles import Role
from accunode_common.http.operations import public_operations
from accunode_common.ids import new_id
from accunode_common.testing.people import WorldMaker

PARAMETER = re.compile(r"{(\w+)}")
PREFIXES = ("acn_refresh", "acn_key", "acn", "join", "")
SIGNS = "abcXYZ019-_.=+/%\"'\\ \t~:,*W"
SERVICES = ("auth", "tenants", "predictions", "bulk-upload")
chance = random.Random(11)


def made_up() -> str:
    """A text that looks a little like one of ours."""
    text = "".join(chance.choice(SIGNS) for _ in range(chance.choice((1, 8, 20, 43, 86, 190))))
    prefix = chance.choice(PREFIXES)
    return f"{prefix}_{text}" if prefix else text


@pytest.mark.parametrize("name", SERVICES)
async def test_made_up_headers_and_cursors_are_refused(
    services: list[Running], world_maker: WorldMaker, name: str
) -> None:
    service = next(each for each in services if each.application.service.name == name)
    tenant = world_maker.tenant("fuzz")
    document, sent = service.application.document, 0
    for operation in service.application.operations:
        caller = world_maker.caller(Role.ORG_ADMIN, tenant.id, tenant.organization_id)
        described = document["paths"][operation.path][operation.method.lower()]
        path = PARAMETER.sub(str(new_id()), operation.path)
        schema = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        body: dict[str, Any] = {} if schema is None else {"json": sample(schema, document)}
        for parameter in described.get("parameters", []):
            if parameter["in"] != "header" and parameter["name"] != "cursor":
                continue
            for _ in range(8):
                kind = "headers" if parameter["in"] == "header" else "params"
                asked = {kind: {parameter["name"]: made_up().strip() or "x"}, **body}
                reply = await service.client.as_(caller).request(operation.method, path, **asked)
                assert reply.status_code < 500, f"{operation.method} {path} {asked}: {reply.text[:200]}"
                if parameter["name"] == "cursor":
                    assert reply.status_code in {403, 404, 422}, f"{path} {asked}: {reply.status_code}"
                sent += 1
    assert sent > 20


async def test_made_up_tokens_are_refused_by_what_anybody_may_call(services: list[Running]) -> None:
    auth = next(each for each in services if each.application.service.name == "auth")
    document = auth.application.document
    public = public_operations(auth.application.app)
    for operation in auth.application.operations:
        if (operation.method, operation.path) not in public or operation.method == "GET":
            continue
        content = document["paths"][operation.path][operation.method.lower()].get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            continue
        body = sample(schema, document)
        tokens = [field for field in resolve(schema, document)["properties"] if re.search("token|key|code", field)]
        for field in tokens:
            for _ in range(10):
                asked = {**body, field: made_up()}
                reply = await auth.client.as_(None).request(operation.method, operation.path, json=asked)
                assert 400 <= reply.status_code < 500, f"{operation.path} {field}: {reply.text[:200]}"
