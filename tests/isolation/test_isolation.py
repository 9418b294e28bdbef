"""No caller of one tenant reaches anything of another, through any route: generated from what the services answer.

A new route is covered as soon as it exists. One with a path parameter that nothing here makes fails these tests until
`belongings` makes it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.applications import Running
from tests.isolation.conftest import Belongings, elsewhere, permitted
from tests.samples import resolve, sample

from accunode_common.http.operations import Operation
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World

PARAMETER = re.compile(r"{(\w+)}")
NOBODYS = frozenset({"kind", "version"})
"""Path parameters that name nothing of a tenant."""

BODIES: dict[str, dict[str, Any]] = {}
"""Bodies by operation, where a made-up one would be refused before anything else."""

QUERIES: dict[str, dict[str, str]] = {}
"""Query parameters by operation, where it cannot do without."""

RECORDS = frozenset({"company_id", "prediction_id", "job_id", "symbol"})
"""What not even the platform's administrators see."""

Make = Callable[[str, str], Belongings]
StateOf = Callable[[UUID], dict[str, str | None]]


def operations(services: list[Running]) -> Iterator[tuple[Running, Operation, set[str]]]:
    for service in services:
        for operation in service.application.operations:
            yield service, operation, set(PARAMETER.findall(operation.path))


def strangers(world: World, parameters: set[str]) -> list[Caller]:
    found = [world.two.tenant_admin, world.two.org_admin, world.two.org_member, world.user]
    return [*found, world.super_admin] if parameters & RECORDS else found


def request(service: Running, operation: Operation, ids: dict[str, str]) -> dict[str, Any]:
    """What the client needs to call the operation for those things."""
    document = service.application.document
    described = document["paths"][operation.path][operation.method.lower()]
    name = described["operationId"]
    options: dict[str, Any] = {"params": {**_query(described, document), **QUERIES.get(name, {})}}
    content = described.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        options["json"] = BODIES.get(name) or sample(content["application/json"]["schema"], document)
    path = PARAMETER.sub(lambda found: ids[found[1]], operation.path)
    return {"method": operation.method, "path": path, **options}


def _query(described: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    return {
        parameter["name"]: sample(parameter["schema"], document)
        for parameter in described.get("parameters", [])
        if parameter["in"] == "query" and parameter.get("required")
    }


def detail(text: str, ids: dict[str, str]) -> str:
    """A reply's text without what differs by nature."""
    for name, value in ids.items():
        text = text if name in NOBODYS else text.replace(value, "?")
    return re.sub(r'"request_id":"[^"]+"', "", text)


@pytest.mark.parametrize(("level", "kind"), [("organization", "annual"), ("personal", "quarterly")])
async def test_another_tenants_things_do_not_exist(
    services: list[Running], world: World, belongings: Make, state_of: StateOf, level: str, kind: str
) -> None:
    made = belongings(level, kind)
    before, faults = state_of(world.one.id), []
    for service, operation, parameters in operations(services):
        if not parameters - NOBODYS or operation.public:
            continue
        unknown = parameters - set(made.ids)
        assert not unknown, f"{operation.path}: say in `belongings` how to make {unknown}"
        if {"annual": "/quarterly/", "quarterly": "/annual/"}[kind] in operation.path:
            continue
        for caller in strangers(world, parameters):
            client, nowhere = service.client.as_(caller), elsewhere(made.ids)
            reply = await client.request(**request(service, operation, made.ids))
            expected = 404 if permitted(caller, operation) else 403
            told = detail(reply.text, made.ids)
            other = await client.request(**request(service, operation, nowhere))
            if reply.status_code != expected or told != detail(other.text, nowhere):
                faults.append(f"{caller.name} {operation.method} {operation.path}: {reply.status_code} {reply.text}")
    assert faults == []
    assert state_of(world.one.id) == before


@pytest.mark.parametrize("level", ["organization", "personal"])
async def test_no_list_shows_another_tenants_things(
    services: list[Running], world: World, belongings: Make, level: str
) -> None:
    made = belongings(level, "annual")
    seen, faults = 0, []
    for service, operation, parameters in operations(services):
        if operation.method != "GET" or parameters - NOBODYS or operation.public:
            continue
        for caller in strangers(
            world, RECORDS if service.application.service.name not in {"auth", "tenants"} else set()
        ):
            reply = await service.client.as_(caller).request(**request(service, operation, made.ids))
            if not permitted(caller, operation):
                assert reply.status_code == 403, f"{caller.name} {operation.path}"
                continue
            if reply.status_code not in {200, 404}:
                faults.append(f"{caller.name} {operation.path}: {reply.status_code} {reply.text}")
            leaked = {secret for secret in made.secrets if secret in reply.text}
            if leaked:
                faults.append(f"{caller.name} {operation.path} shows {leaked}")
            seen += 1
    assert faults == []
    assert seen > 20


async def test_the_owner_reaches_what_strangers_do_not(services: list[Running], world: World, belongings: Make) -> None:
    """So that the tests above ask for things that are there."""
    made = belongings("organization", "annual")
    unreached = []
    for service, operation, parameters in operations(services):
        if operation.method != "GET" or not parameters - NOBODYS or operation.public:
            continue
        statuses = set()
        for caller in (world.one.org_member, world.one.org_admin, world.one.tenant_admin):
            reply = await service.client.as_(caller).request(**request(service, operation, made.ids))
            statuses.add(reply.status_code)
        if 200 not in statuses:
            unreached.append(f"{operation.path}: {statuses}")
    assert unreached == []


def names_in_body(service: Running, operation: Operation) -> set[str]:
    """The fields of the body that name something by its id."""
    document = service.application.document
    described = document["paths"][operation.path][operation.method.lower()]
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return set()
    properties = resolve(content["schema"], document).get("properties", {})
    return {
        name
        for name, schema in properties.items()
        if any(choice.get("format") == "uuid" for choice in (schema, *schema.get("anyOf", [])))
    }


async def test_a_body_cannot_name_another_tenants_things(
    services: list[Running], world: World, belongings: Make, state_of: StateOf
) -> None:
    made = belongings("organization", "annual")
    before, tried = state_of(world.one.id), 0
    own = {
        "tenant_id": str(world.two.id),
        "organization_id": str(world.two.organization_id),
        "user_id": str(world.two.org_member.user_id),
    }
    for service, operation, parameters in operations(services):
        names = names_in_body(service, operation)
        if operation.public or not names or not parameters <= {*NOBODYS, *own}:
            continue
        for name in names:
            for caller in strangers(world, set()):
                asked = request(service, operation, {**made.ids, **own})
                asked["json"] = {**asked["json"], name: made.ids[name]}
                reply = await service.client.as_(caller).request(**asked)
                assert reply.status_code in {403, 404, 422}, f"{caller.name} {operation.path} {name}: {reply.text}"
                tried += 1
    assert tried
    assert state_of(world.one.id) == before


async def test_a_token_that_mixes_two_tenants_reaches_no_record(
    services: list[Running], world: World, belongings: Make, issuer: TestIssuer
) -> None:
    made = belongings("organization", "annual")
    admin = world.two.org_admin
    for forged in ({"tenant_id": world.one.id}, {"organization_id": world.one.organization_id}):
        caller = replace(admin, token=issuer.token(replace(admin.subject, **forged)))
        for service, operation, parameters in operations(services):
            if operation.method != "GET" or not parameters & RECORDS:
                continue
            reply = await service.client.as_(caller).request(**request(service, operation, made.ids))
            assert reply.status_code == 404, f"{operation.path} with {forged}"
