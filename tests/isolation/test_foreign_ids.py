"""No body names another tenant's things, and no token mixes two tenants: generated from what the services answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.isolation.calls import PARAMETER, Call
from tests.isolation.steps import STEPS
from tests.isolation.things import Stage
from tests.isolation.witness import Witness
from tests.samples import resolve

from accunode_common.testing.keys import TestIssuer

RECORDS = frozenset({"company_id", "prediction_id", "job_id", "symbol"})


def names_in_body(call: Call) -> set[str]:
    """The fields of the body that name something by its id."""
    document = call.service.application.document
    content = call.described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return set()
    properties = resolve(content["schema"], document).get("properties", {})
    return {
        name
        for name, schema in properties.items()
        if any(choice.get("format") == "uuid" for choice in (schema, *schema.get("anyOf", [])))
    }


async def test_a_body_cannot_name_another_tenants_things(
    calls: dict[str, Call], new_stage: Callable[[], Stage], witness: Witness
) -> None:
    stage, faults, tried = new_stage(), [], 0
    callers = [caller for name, (caller, *_) in stage.callers.items() if name not in {"nobody", "super_admin"}]
    for call in calls.values():
        for name in names_in_body(call):
            for caller in callers:
                assert caller is not None
                theirs = stage.make("tenant", caller, kind="annual")
                if call.row.name in STEPS:
                    await STEPS[call.row.name](call.service, stage, caller, theirs)
                own = stage.make("own", caller, kind="annual")
                asked: dict[str, Any] = call.request(own.ids)
                asked["json"] = {**asked["json"], name: theirs.ids[name]}
                witness.changes()
                reply = await call.service.client.as_(caller).request(**asked)
                if reply.status_code not in {403, 404, 422} or witness.changes():
                    faults.append(f"{caller.name} {call.row.name} {name}: {reply.status_code} {reply.text}")
                tried += 1
    assert faults == []
    assert tried > 20


@pytest.mark.parametrize("mixed", ["tenant_id", "organization_id"])
async def test_a_token_that_mixes_two_tenants_reaches_no_record(
    calls: dict[str, Call], new_stage: Callable[[], Stage], issuer: TestIssuer, mixed: str
) -> None:
    stage, tried = new_stage(), 0
    admin = stage.world.two.org_admin
    made = stage.make("colleague's", admin, kind="annual")
    value = {"tenant_id": stage.world.one.id, "organization_id": stage.world.one.organization_id}[mixed]
    subject = replace(admin.subject, **{mixed: value})
    caller = replace(admin, subject=subject, token=issuer.token(subject))
    for call in calls.values():
        if call.reads and set(PARAMETER.findall(call.operation.path)) & RECORDS:
            reply = await call.send(caller, made.ids)
            assert reply.status_code == 404, f"{call.row.name} with {mixed}"
            tried += 1
    assert tried > 8
