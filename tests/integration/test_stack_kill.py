"""A worker that is lost in the middle of a job costs time and nothing else."""

import time
from pathlib import Path

from tests.e2e.api import FINAL_STATES, Analyst
from tests.integration.files import annual_file
from tests.integration.stacks import Stack

ROWS = 60_000
SECONDS = 240.0


def test_a_killed_worker_loses_no_row_and_stores_none_twice(stack: Stack, member: Analyst, tmp_path: Path) -> None:
    file = annual_file(tmp_path, rows=ROWS, series=2)
    with file.open("rb") as stream:
        form = {"kind": "annual", "access_level": "organization"}
        reply = member.http.post("/bulk-uploads", data=form, files={"file": (file.name, stream)})
    assert reply.status_code == 202, reply.text
    job_id = reply.json()["id"]

    _await_first_rows(member, job_id)
    stack.kill_worker()
    interrupted = member.get(f"/bulk-uploads/{job_id}")
    stack.start_worker()
    job = member.wait(job_id, seconds=SECONDS)

    assert interrupted["state"] not in FINAL_STATES, "the job had ended before the worker was killed"
    assert job["state"] == "completed", job
    counted = [job[f"rows_{name}"] for name in ("total", "accepted", "rejected", "skipped")]
    assert counted == [ROWS, ROWS, 0, 0]
    last = member.get(f"/bulk-uploads/{job_id}/results", limit=1, with_total="true")
    assert last["total"] == ROWS


def _await_first_rows(member: Analyst, job_id: str) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        job = member.get(f"/bulk-uploads/{job_id}")
        if job["rows_accepted"] or job["state"] in FINAL_STATES:
            return
        time.sleep(0.02)
    raise AssertionError(f"no row of job {job_id} was stored")
