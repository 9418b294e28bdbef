"""Cancelling background jobs of any type."""

import pytest
from upload_world import Uploads

from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_credit.models.bulk import JobType

JOBS = "/api/v1/jobs"
TASKS = {
    JobType.RESCORE: "portfolio.rescore",
    JobType.STRESS: "portfolio.stress",
    JobType.DRIFT: "monitoring.drift",
}


def _job(uploads: Uploads, caller: Caller, job_type: JobType) -> str:
    return str(uploads.job(caller, job_type, model_version="1.0.0", result={"changed": 3}))


@pytest.mark.parametrize("job_type", TASKS)
async def test_a_job_of_any_type_is_read_and_cancelled(uploads: Uploads, world: World, job_type: JobType) -> None:
    member = world.one.org_member
    job_id = _job(uploads, member, job_type)
    shown = (await uploads.api.as_(member).get(f"{JOBS}/{job_id}")).json()
    assert (shown["type"], shown["model_version"], shown["result"]) == (job_type, "1.0.0", {"changed": 3})
    for _ in range(2):
        reply = await uploads.api.as_(member).post(f"{JOBS}/{job_id}/cancel")
        assert (reply.status_code, reply.json()["state"]) == (200, "cancelling")
    (message,) = uploads.messages(world.one.id)
    assert (message["task"], message["payload"]["job_id"]) == (TASKS[job_type], job_id)


async def test_an_upload_is_cancelled_as_a_job(uploads: Uploads, world: World) -> None:
    member = world.one.org_member
    job_id = await uploads.made(member)
    assert (await uploads.api.as_(member).post(f"{JOBS}/{job_id}/cancel")).status_code == 200
    assert [message["task"] for message in uploads.messages(world.one.id)] == ["bulk.ingest", "bulk.advance"]


async def test_only_the_submitter_and_its_organizations_admin_cancel(uploads: Uploads, world: World) -> None:
    one = world.one
    refused = {403: [one.other_member, one.tenant_admin], 404: [one.outsider, world.two.org_admin, world.user]}
    job_id = _job(uploads, one.org_member, JobType.RESCORE)
    for status, callers in refused.items():
        for caller in callers:
            assert_problem(await uploads.api.as_(caller).post(f"{JOBS}/{job_id}/cancel"), status)
    assert (await uploads.api.as_(one.org_admin).post(f"{JOBS}/{job_id}/cancel")).status_code == 200


async def test_a_job_that_has_ended_stays_as_it_is(uploads: Uploads, world: World) -> None:
    job_id = _job(uploads, world.one.org_member, JobType.RESCORE)
    uploads.superuser.execute("update bulk.jobs set state = 'completed' where id = %s", [job_id])
    reply = await uploads.api.as_(world.one.org_member).post(f"{JOBS}/{job_id}/cancel")
    assert_problem(reply, 409)
