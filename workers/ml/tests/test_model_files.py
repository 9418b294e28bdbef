"""No job scores with a model that the registry does not let serve, or with files that the registry does not know."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from bulk_work import Bulk, annual_csv, healthy
from portfolio_work import PortfolioJobs

from accunode_common.testing.people import World
from accunode_scoring import Kind, ModelLibrary

Register = Callable[..., str]


@pytest.fixture
def register(superuser: psycopg.Connection, models: ModelLibrary) -> Iterator[Register]:
    """Puts the library's annual champion into an empty registry, as it is or changed."""
    superuser.execute("create temporary table versions_before as select * from registry.model_versions")
    (entry,) = (entry for entry in models.entries() if (entry.kind, entry.status) == (Kind.ANNUAL, "champion"))

    def put(*, sha256: str = entry.sha256, status: str = "champion") -> str:
        superuser.execute(
            "insert into registry.model_versions (kind, version, sha256, status) values ('annual', %s, %s, %s)"
            " on conflict (kind, version) do update set sha256 = excluded.sha256, status = excluded.status",
            [entry.version, sha256, status],
        )
        return entry.version

    yield put
    superuser.execute(
        "update registry.model_versions v set sha256 = b.sha256, status = b.status from versions_before b"
        " where b.kind = v.kind and b.version = v.version"
    )
    superuser.execute(
        "delete from registry.model_versions v where not exists"
        " (select from versions_before b where b.kind = v.kind and b.version = v.version)"
    )
    superuser.execute("drop table versions_before")


def test_an_upload_fails_while_no_model_serves(bulk: Bulk, world: World, register: Register) -> None:
    register(status="retired")
    job = bulk.run(world.one.org_member, annual_csv([healthy(0)]))
    assert (job["state"], job["error_code"]) == ("failed", "model_missing")
    assert job["error_message"] == "No annual model serves."


def test_an_upload_fails_where_the_worker_has_other_files_than_the_registry(
    bulk: Bulk, world: World, register: Register
) -> None:
    version = register(sha256="0" * 64)
    job = bulk.run(world.one.org_member, annual_csv([healthy(0)]))
    assert (job["state"], job["error_code"], bulk.predictions(job["id"])) == ("failed", "model_missing", [])
    assert job["error_message"] == f"The files of annual model {version} are missing or differ."


def test_a_chunk_is_not_scored_with_other_files_than_the_registry_knows(
    bulk: Bulk, world: World, register: Register
) -> None:
    register()
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(6)]))
    (reading,) = bulk.messages(world.one.id)
    bulk.perform(reading)
    register(sha256="0" * 64)
    bulk.work(world.one.id)
    (job,) = bulk.rows("select * from bulk.jobs where id = %s", job_id)
    assert (job["state"], job["error_code"], bulk.predictions(job_id)) == ("failed", "model_missing", [])


@pytest.mark.parametrize("job_type", ["rescore", "drift"])
def test_a_portfolio_job_fails_where_the_worker_has_other_files_than_the_registry(
    bulk: Bulk, world: World, register: Register, job_type: str
) -> None:
    version = register(sha256="0" * 64)
    job = PortfolioJobs(bulk).run(world.one.org_admin, job_type, version)
    assert (job["state"], job["error_code"]) == ("failed", "model_missing")
    assert version in job["error_message"]
