"""Work that is handed to the workers: rescoring, stress runs, drift reports."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_scoring import Kind, ModelLibrary

RESCORE, STRESS = "/api/v1/portfolio/rescore", "/api/v1/portfolio/stress"
SHOCK = {"ratio": "return_on_assets", "operation": "add", "value": -5.0}
VERSION = ModelLibrary.load().champion(Kind.ANNUAL).version
DRIFT = f"/api/v1/models/annual/{VERSION}/drift"
BODIES: dict[str, Any] = {RESCORE: {"kind": "annual"}, STRESS: {"shocks": [SHOCK]}, DRIFT: {}}
ALLOWED = {
    RESCORE: {"super_admin", "tenant_admin", "org_admin"},
    STRESS: {"super_admin", "tenant_admin", "org_admin", "org_member"},
    DRIFT: {"super_admin", "tenant_admin", "org_admin"},
}
Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(superuser: psycopg.Connection) -> Rows:
    """What the superuser finds."""

    def find(statement: str, *values: Any) -> list[dict[str, Any]]:
        with superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    return find


@pytest.mark.parametrize("path", BODIES)
async def test_a_job_is_submitted_in_the_callers_name_with_its_message(
    api: ServiceClient, caller: Caller, rows: Rows, path: str
) -> None:
    reply = await api.as_(caller).post(path, json=BODIES[path])
    if caller.subject.role not in ALLOWED[path]:
        assert_problem(reply, 403, "forbidden")
        return
    assert reply.status_code == 202, reply.text
    accepted = reply.json()
    assert (accepted["state"], accepted["kind"], accepted["model_version"]) == ("queued", "annual", VERSION)
    assert reply.headers["location"] == accepted["url"] == f"/api/v1/jobs/{accepted['id']}"
    (job,) = rows("select * from bulk.jobs where id = %s", accepted["id"])
    subject = caller.subject
    assert (job["tenant_id"], job["created_by"]) == (subject.tenant_id, subject.user_id)
    assert job["submitter_organization_id"] == subject.organization_id
    assert (job["read_reach"], job["write_reach"]) == (subject.read_reach, subject.write_reach)
    (message,) = rows("select * from ops.outbox where payload ->> 'job_id' = %s", accepted["id"])
    assert (
        message["task"]
        == {
            RESCORE: "portfolio.rescore",
            STRESS: "portfolio.stress",
            DRIFT: "monitoring.drift",
        }[path]
    )
    (event,) = rows("select * from audit.events where resource_id = %s", accepted["id"])
    assert event["actor_id"] == subject.user_id


async def test_a_members_stress_run_is_their_organizations_unless_it_is_about_personal_records(
    api: ServiceClient, world: World, rows: Rows
) -> None:
    levels = {}
    for level in (None, "personal", "organization"):
        body = {"shocks": [SHOCK], "filters": {"access_level": level}}
        made = (await api.as_(world.one.org_member).post(STRESS, json=body)).json()
        (job,) = rows("select * from bulk.jobs where id = %s", made["id"])
        levels[level] = job["access_level"]
        assert job["parameters"]["shocks"] == {"return_on_assets": {"operation": "add", "value": -5.0}}
        assert job["parameters"]["filters"]["access_level"] == (level or "organization")
    assert levels == {None: "organization", "personal": "personal", "organization": "organization"}


WRONG = {
    "no shock": {"shocks": []},
    "an unknown ratio": {"shocks": [{**SHOCK, "ratio": "sga_margin"}]},
    "a ratio twice": {"shocks": [SHOCK, SHOCK]},
    "a negative factor": {"shocks": [{**SHOCK, "operation": "multiply", "value": -2}]},
    "a placeholder": {"shocks": [{**SHOCK, "value": 1e9}]},
    "an unknown field": {"shocks": [SHOCK], "horizon": 2},
    "an unknown version": {"shocks": [SHOCK], "model_version": "9.9.9"},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_a_scenario_that_makes_no_sense_is_refused(
    api: ServiceClient, world: World, rows: Rows, body: dict[str, Any]
) -> None:
    reply = await api.as_(world.one.org_member).post(STRESS, json=body)
    assert_problem(reply, 422)
    assert rows("select id from bulk.jobs where tenant_id = %s", world.one.id) == []


async def test_rescoring_with_an_unknown_version_is_refused(api: ServiceClient, world: World) -> None:
    body = {"kind": "annual", "model_version": "9.9.9"}
    reply = await api.as_(world.one.org_admin).post(RESCORE, json=body)
    assert_problem(reply, 422, pointer="/body/model_version", fault="unknown_version")


async def test_a_repeated_request_submits_one_job(api: ServiceClient, world: World, rows: Rows) -> None:
    headers = {"Idempotency-Key": str(new_id())}
    client = api.as_(world.one.org_admin)
    first, second = [await client.post(RESCORE, json={"kind": "annual"}, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert len(rows("select id from bulk.jobs where tenant_id = %s", world.one.id)) == 1


async def test_the_drift_of_an_unknown_version_is_not_found(api: ServiceClient, world: World) -> None:
    reply = await api.as_(world.one.org_admin).post("/api/v1/models/annual/9.9.9/drift")
    assert_problem(reply, 404, "not_found")


async def test_a_model_shows_the_tenants_newest_drift_report_and_no_others(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    await api.as_(world.one.org_admin).post(DRIFT)
    for tenant_id in (world.one.id, world.super_admin.tenant_id):
        for rows in (1, 2):
            superuser.execute(
                "insert into registry.drift_reports (tenant_id, id, kind, version, report)"
                " values (%s, %s, 'annual', %s, jsonb_build_object('rows', %s::int))",
                [tenant_id, new_id(), VERSION, rows],
            )

    async def shown(caller: Caller) -> Any:
        drift = (await api.as_(caller).get(f"/api/v1/models/annual/{VERSION}")).json()["drift"]
        return drift and drift["report"]["rows"]

    for caller in (world.one.org_member, world.one.outsider, world.one.tenant_admin, world.super_admin):
        assert await shown(caller) == 2
    assert await shown(world.two.tenant_admin) is None
    assert await shown(world.user) is None
