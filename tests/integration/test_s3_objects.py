"""The composed stack with the profile `s3` keeps uploads in a store that speaks S3 instead of in its volume."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.api import Analyst
from tests.integration.files import annual_file
from tests.integration.stacks import ContainerStack

pytestmark = pytest.mark.containers

ROWS = 6_000
USERS = ("bulk-upload", "worker")
LISTING = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9000/accunode?list-type=2').read().decode())"


@pytest.fixture
def in_s3(containers: ContainerStack) -> Iterator[ContainerStack]:
    """The stack, keeping objects in S3 for the time of a test."""
    compose = containers.with_variables(ACCUNODE_STORAGE_URL="s3://accunode")
    try:
        compose("--profile", "s3", "up", "--detach", "--no-deps", "--wait", "s3", *USERS)
        yield containers
    finally:
        containers.command("up", "--detach", "--no-deps", "--wait", *USERS)
        compose("--profile", "s3", "rm", "--stop", "--force", "s3")


def test_an_uploaded_file_is_kept_in_s3_and_scored_from_there(
    in_s3: ContainerStack, member: Analyst, tmp_path: Path
) -> None:
    job = member.upload(annual_file(tmp_path, rows=ROWS, series=4), kind="annual")

    assert job["state"] == "completed", job
    assert job["rows_accepted"] == ROWS
    listing = in_s3.container("s3").exec_run(["python", "-c", LISTING]).output.decode()
    assert f"/bulk/{job['id']}/" in listing
    volume = in_s3.container("worker").exec_run(["find", "/var/lib/accunode", "-path", f"*{job['id']}*"])
    assert (volume.exit_code, volume.output) == (0, b"")
