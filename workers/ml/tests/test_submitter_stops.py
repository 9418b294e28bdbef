"""Work stops when whoever handed it in may no longer write there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from bulk_work import Bulk, annual_csv, healthy
from portfolio_models import RISKIER
from portfolio_work import PortfolioJobs

from accunode_common.testing.people import Caller, World

Change = tuple[str, Callable[[Caller], list[Any]]]

LOSSES: dict[str, Change] = {
    "account deactivated": (
        "update identity.users set status = 'deactivated' where id = %s",
        lambda caller: [caller.user_id],
    ),
    "membership removed": ("delete from identity.memberships where id = %s", lambda caller: [caller.membership_id]),
    "membership suspended": (
        "update identity.memberships set status = 'suspended' where id = %s",
        lambda caller: [caller.membership_id],
    ),
    "tenant suspended": (
        "update tenancy.tenants set status = 'suspended' where id = %s",
        lambda caller: [caller.tenant_id],
    ),
    "role taken": (
        "update identity.memberships set role = 'org_member' where id = %s",
        lambda caller: [caller.membership_id],
    ),
}


@pytest.fixture(params=LOSSES)
def lose(request: pytest.FixtureRequest, superuser: psycopg.Connection) -> Callable[[Caller], None]:
    """Takes the right to write from somebody."""
    statement, values = LOSSES[request.param]
    return lambda caller: superuser.execute(statement, values(caller)) and None


def _started(bulk: Bulk, caller: Caller, rows: int = 24) -> tuple[UUID, list[Any]]:
    job_id = bulk.submit(caller, annual_csv([healthy(number) for number in range(rows)]))
    (ingest,) = bulk.messages(caller.tenant_id)
    bulk.perform(ingest)
    return job_id, bulk.messages(caller.tenant_id)


def test_a_bulk_job_ends_at_the_next_chunk_and_keeps_what_it_stored(
    bulk: Bulk, world: World, lose: Callable[[Caller], None]
) -> None:
    caller = world.one.org_admin
    job_id, messages = _started(bulk, caller)
    bulk.perform(messages[0])
    stored = len(bulk.predictions(job_id))
    assert stored == 4
    lose(caller)
    for message in messages[1:]:
        bulk.perform(message)
    bulk.work(caller.tenant_id)
    job = bulk.job(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "submitter_not_allowed")
    assert "may no longer write here" in job["error_message"]
    assert (len(bulk.predictions(job_id)), job["rows_accepted"]) == (stored, stored)
    assert {chunk["state"] for chunk in bulk.chunks(job_id)} == {"done", "cancelled"}


def test_a_file_is_not_even_read(bulk: Bulk, world: World, lose: Callable[[Caller], None]) -> None:
    caller = world.one.org_admin
    job_id = bulk.submit(caller, annual_csv([healthy(number) for number in range(8)]))
    lose(caller)
    bulk.work(caller.tenant_id)
    job = bulk.job(job_id)
    assert (job["state"], job["error_code"], job["rows_total"]) == ("failed", "submitter_not_allowed", 0)
    assert (bulk.predictions(job_id), bulk.chunks(job_id)) == ([], [])


@pytest.mark.parametrize("kind", ["rescore", "stress"])
def test_a_job_over_a_portfolio_ends_before_it_changes_anything(
    portfolio: PortfolioJobs, world: World, superuser: psycopg.Connection, kind: str
) -> None:
    caller = world.one.org_admin
    stored = portfolio.store(caller, 6, access_level="organization")
    before = portfolio.bulk.predictions(stored)
    job_id = portfolio.submit(caller, kind, RISKIER)
    statement, values = LOSSES["account deactivated"]
    superuser.execute(statement, values(caller))
    job = portfolio.perform(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "submitter_not_allowed")
    assert portfolio.bulk.predictions(stored) == before


def test_a_higher_role_stops_nothing(bulk: Bulk, world: World, superuser: psycopg.Connection) -> None:
    caller = world.one.org_member
    job_id, messages = _started(bulk, caller)
    superuser.execute("update identity.memberships set role = 'org_admin' where id = %s", [caller.membership_id])
    for message in messages:
        bulk.perform(message)
    bulk.work(caller.tenant_id)
    assert bulk.job(job_id)["state"] == "completed"
    bulk.check_counts(job_id)
