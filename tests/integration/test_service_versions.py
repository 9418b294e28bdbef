"""Services and workers of different ages understand each other, as they are replaced one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from tests.e2e.api import Analyst
from tests.integration.files import annual_file
from tests.integration.stacks import TAG, ContainerStack

pytestmark = pytest.mark.containers

# The next release's messages carry one more optional field, which its senders fill in.
PATCH = r"""
import compileall, pathlib
file = pathlib.Path("/opt/product/accunode_common/tasks/messages.py")
text = file.read_text()
before = "    request_id: str | None = None\n"
assert before in text
file.write_text(text.replace(before, before + "    sent_by: str | None = 'a newer release'\n"))
assert compileall.compile_dir(file.parent, quiet=1, force=True)
"""


def newer(client: docker.DockerClient, name: str, folder: Path) -> str:
    """An image of the next release: the present one with the messages' new field."""
    (folder / "patch.py").write_text(PATCH)
    lines = (f"FROM accunode/{name}:{TAG}", "USER 0", "COPY patch.py /tmp/", "RUN python /tmp/patch.py", "USER 10001")
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    reference = f"accunode/{name}:newer"
    image, _ = client.images.build(path=str(folder), tag=reference, rm=True)
    image.reload()
    return reference


@contextmanager
def replaced(containers: ContainerStack, name: str, folder: Path) -> Iterator[None]:
    """For a while, one part of the stack is of the next release."""
    client = containers.client
    present = client.images.get(f"accunode/{name}:{TAG}")
    client.images.get(newer(client, name, folder)).tag(f"accunode/{name}", TAG)
    try:
        containers.command("up", "--detach", "--no-deps", "--wait", name)
        yield
    finally:
        present.tag(f"accunode/{name}", TAG)
        containers.command("up", "--detach", "--no-deps", "--wait", name)


@pytest.mark.parametrize("part", ["bulk-upload", "worker"])
def test_either_side_of_the_queue_can_be_of_a_newer_release(
    containers: ContainerStack, member: Analyst, tmp_path: Path, part: str
) -> None:
    file = annual_file(tmp_path, rows=500, series=3 if part == "worker" else 4)
    (tmp_path / "image").mkdir()
    with replaced(containers, part, tmp_path / "image"):
        job = member.upload(file, kind="annual")
    assert job["state"] == "completed", job
    assert job["rows_accepted"] == 500
