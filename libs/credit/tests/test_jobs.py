"""The life of a job, decided from its row alone."""

from typing import Any

import pytest

from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError
from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_credit import jobs
from accunode_credit.models.bulk import FINAL_STATES, INGEST_FAILED, Job, JobState, JobType
from accunode_scoring import Kind

UNFINISHED = [state for state in JobState if state not in FINAL_STATES]
MEMBER = Subject(
    user_id=new_id(), tenant_id=new_id(), organization_id=new_id(), role=Role.ORG_MEMBER, session_id=new_id()
)


def job(state: JobState = JobState.QUEUED, job_type: JobType = JobType.BULK_UPLOAD, **values: Any) -> Job:
    """A job that stands somewhere."""
    columns = jobs.new_job(MEMBER, new_id(), job_type, AccessLevel.ORGANIZATION, request_id="one", **values)
    return Job(**{"state": state, "version": 1, "rows_rejected": 0, **columns})


def test_a_job_acts_within_the_reach_of_its_submitter() -> None:
    made = job()
    assert jobs.submitter_context(made) == MEMBER.access
    assert (made.organization_id, made.request_id) == (MEMBER.organization_id, "one")


def test_a_job_of_one_person_keeps_the_organization_it_was_submitted_from() -> None:
    columns = jobs.new_job(MEMBER, new_id(), JobType.STRESS, AccessLevel.PERSONAL, request_id=None)
    assert (columns["organization_id"], columns["submitter_organization_id"]) == (None, MEMBER.organization_id)


def test_a_job_says_what_its_rows_are() -> None:
    assert jobs.kind_of(job(kind=Kind.STATEMENT)) is Kind.STATEMENT


def test_a_job_without_a_kind_is_refused_by_whoever_needs_one() -> None:
    with pytest.raises(ValueError, match="has no kind"):
        jobs.kind_of(job(kind=None))


@pytest.mark.parametrize(
    ("job_type", "task", "again"),
    [
        (JobType.BULK_UPLOAD, "bulk.ingest", "bulk.advance"),
        (JobType.RESCORE, "portfolio.rescore", "portfolio.rescore"),
        (JobType.STRESS, "portfolio.stress", "portfolio.stress"),
        (JobType.DRIFT, "monitoring.drift", "monitoring.drift"),
    ],
)
def test_each_type_of_job_has_a_message_that_gets_it_going(job_type: JobType, task: str, again: str) -> None:
    made = job(job_type=job_type)
    for message, name in ((jobs.first_message(made, "two"), task), (jobs.look_again(made, "two"), again)):
        assert message.task == name
        sent = message.model_dump()
        assert (sent["tenant_id"], sent["job_id"], sent["request_id"]) == (made.tenant_id, made.id, "two")


@pytest.mark.parametrize("state", JobState)
def test_a_job_goes_nowhere_but_where_the_table_says(state: JobState) -> None:
    allowed = {to for to in JobState if _goes(job(state), to)}
    assert allowed == jobs.TRANSITIONS[state] | {state}


def _goes(made: Job, to: JobState) -> bool:
    try:
        return jobs.moved(made, to) is to
    except ValueError:
        return False


@pytest.mark.parametrize("state", UNFINISHED)
def test_every_job_that_has_not_ended_can_come_to_an_end(state: JobState) -> None:
    assert jobs.TRANSITIONS[state] & FINAL_STATES
    made = job(state)
    jobs.finish(made, JobState.FAILED, code="job_failed", message="It failed.")
    assert (made.state, made.error_code, made.error_message, made.version) == ("failed", "job_failed", "It failed.", 2)


@pytest.mark.parametrize("state", UNFINISHED)
def test_a_job_that_has_not_ended_is_cancelled_once(state: JobState) -> None:
    expected = None if state is JobState.CANCELLING else JobState.CANCELLING
    assert jobs.cancelled(job(state)) is expected


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_a_job_that_has_ended_is_not_cancelled_and_can_be_deleted(state: JobState) -> None:
    with pytest.raises(ConflictError, match=state):
        jobs.cancelled(job(state))
    jobs.check_deletion(job(state))


@pytest.mark.parametrize("state", UNFINISHED)
def test_a_job_that_has_not_ended_is_neither_deleted_nor_tried_again(state: JobState) -> None:
    with pytest.raises(ConflictError):
        jobs.check_deletion(job(state))
    with pytest.raises(ConflictError):
        jobs.check_retry(job(state))


@pytest.mark.parametrize(
    ("state", "values"),
    [
        (JobState.CANCELLED, {}),
        (JobState.COMPLETED_WITH_ERRORS, {}),
        (JobState.FAILED, {"error_code": INGEST_FAILED}),
    ],
)
def test_what_fell_short_is_tried_again_without_its_error(state: JobState, values: dict[str, Any]) -> None:
    made = job(state, **values)
    jobs.check_retry(made)
    columns = jobs.retried(made, file_is_read=True)
    assert columns == {"state": JobState.SCORING, "error_code": None, "error_message": None, "finished_at": None}


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED])
def test_a_file_that_was_not_read_is_read_again(state: JobState) -> None:
    assert jobs.retried(job(state), file_is_read=False)["state"] is JobState.QUEUED


@pytest.mark.parametrize(
    ("state", "values"), [(JobState.COMPLETED, {}), (JobState.FAILED, {"error_code": "no_header"})]
)
def test_what_is_done_or_was_refused_is_not_tried_again(state: JobState, values: dict[str, Any]) -> None:
    with pytest.raises(ConflictError):
        jobs.check_retry(job(state, **values))


@pytest.mark.parametrize(("rejected", "state"), [(0, JobState.COMPLETED), (2, JobState.COMPLETED_WITH_ERRORS)])
def test_a_job_is_complete_when_its_last_chunk_is_settled(rejected: int, state: JobState) -> None:
    made = job(JobState.SCORING, chunks_total=3, chunks_done=2, rows_rejected=rejected)
    assert not jobs.close_if_done(made)
    made.chunks_done = 3
    assert jobs.close_if_done(made)
    assert made.state == state


def test_a_job_that_is_to_stop_is_not_closed_as_done() -> None:
    assert not jobs.close_if_done(job(JobState.CANCELLING, chunks_total=1, chunks_done=1))
