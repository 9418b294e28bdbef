"""A tenant's administrators see the jobs of its organizations and their results, and nothing of personal ones."""

from typing import Any
from uuid import UUID

import pytest
from upload_world import PATH, Uploads

from accunode_common.models.columns import AccessLevel
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_credit.models.bulk import JobType

JOBS = "/api/v1/jobs"
RESULT = {"changed": 3, "movers": ["Quixotic Holdings"]}
LEVELS = (AccessLevel.ORGANIZATION, AccessLevel.PERSONAL)


@pytest.mark.parametrize("job_type", JobType)
async def test_a_tenants_admin_reads_every_job_of_its_organizations(
    api: ServiceClient, uploads: Uploads, world: World, job_type: JobType
) -> None:
    member = world.one.org_member
    shared, own = (uploads.job(member, job_type, level, state="completed", result=RESULT) for level in LEVELS)
    for reader in (member, world.one.org_admin, world.one.tenant_admin):
        reply = await api.as_(reader).get(f"{JOBS}/{shared}")
        assert (reply.status_code, reply.json()["result"]) == (200, RESULT), reader.name
    listed = (await api.as_(world.one.tenant_admin).get(JOBS, params={"type": job_type.value})).json()
    assert [item["id"] for item in listed["items"]] == [str(shared)]
    assert_problem(await api.as_(world.one.tenant_admin).post(f"{JOBS}/{shared}/cancel"), 403, "forbidden")
    for stranger, job_id in [
        (world.one.tenant_admin, own),
        (world.one.org_admin, own),
        (world.one.outsider, shared),
        (world.two.tenant_admin, shared),
        (world.super_admin, shared),
    ]:
        reply = await api.as_(stranger).get(f"{JOBS}/{job_id}")
        assert_problem(reply, 404, "not_found")
        assert "Quixotic" not in reply.text


@pytest.mark.parametrize("tail", ["", "/results", "/errors", "/events", "/results?format=csv", "/errors?format=csv"])
async def test_a_tenants_admin_reads_all_of_an_organizations_upload_and_nothing_of_a_personal_one(
    api: ServiceClient, uploads: Uploads, world: World, tail: str
) -> None:
    member, made = world.one.org_member, {}
    for level in ("organization", "personal"):
        made[level] = await uploads.made(member, access_level=level)
        uploads.issue(made[level], 7, "not_finite", value="a value")
        uploads.finish(member, made[level], stored=2)
    admin = api.as_(world.one.tenant_admin)
    there = await admin.get(f"{PATH}/{made['organization']}{tail}")
    own = await api.as_(member).get(f"{PATH}/{made['organization']}{tail}")
    assert (there.status_code, there.text) == (200, own.text)
    assert_problem(await admin.get(f"{PATH}/{made['personal']}{tail}"), 404, "not_found")


async def test_the_trail_of_personal_uploads_names_no_file(api: ServiceClient, uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    events: dict[str, list[dict[str, Any]]] = {}
    for level in ("personal", "organization"):
        job_id = UUID((await uploads.send(member, name="quixotic.csv", access_level=level)).json()["id"])
        uploads.set(job_id, state="failed", error_code="ingest_failed")
        client = api.as_(member)
        assert (await client.post(f"{PATH}/{job_id}/retry")).status_code == 202
        assert (await client.post(f"{PATH}/{job_id}/cancel")).status_code == 202
        uploads.set(job_id, state="cancelled")
        assert (await client.delete(f"{PATH}/{job_id}")).status_code == 204
        events[level] = uploads.rows("select * from audit.events where resource_id = %s", str(job_id))
    assert len(events["personal"]) == len(events["organization"]) == 4
    assert "quixotic" not in str(events["personal"])
    assert "sha256" not in str(events["personal"])
    assert "quixotic" in str(events["organization"])
