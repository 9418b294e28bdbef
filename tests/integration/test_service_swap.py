"""One service is rebuilt with a change and replaced under load, and no request fails."""

import shutil
from pathlib import Path

import docker
import pytest
from tests.integration.load import LEAST_PER_SECOND, MOST_REQUESTS, Load
from tests.integration.stacks import REPOSITORY, TAG, ContainerStack

from accunode_docker.images import build, image_named
from accunode_docker.swap import swap

pytestmark = pytest.mark.containers

SERVICE = "tenants"
OLD_TITLE, NEW_TITLE = "AccuNode tenants", "AccuNode tenants, changed"


def changed_sources(folder: Path) -> Path:
    """What the service is built from, with a change in it."""
    for part in ("requirements", "libs", f"services/{SERVICE}", "infra/docker"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copy(REPOSITORY / ".dockerignore", folder)
    factory = folder / "libs/common/src/accunode_common/http/app.py"
    text = factory.read_text()
    assert 'title=f"AccuNode {name}"' in text
    factory.write_text(text.replace('title=f"AccuNode {name}"', f'title="{NEW_TITLE}"'))
    return folder


def title(containers: ContainerStack) -> str:
    """The title that the running service gives itself."""
    script = (
        "import json, urllib.request as r;"
        "print(json.load(r.urlopen('http://127.0.0.1:8002/openapi.json'))['info']['title'])"
    )
    done = containers.container(SERVICE).exec_run(["python", "-c", script])
    return str(done.output.decode().strip())


def test_a_changed_service_is_swapped_under_load_without_a_failed_request(
    containers: ContainerStack, docker_client: docker.DockerClient, tmp_path: Path
) -> None:
    assert title(containers) == OLD_TITLE
    others = {name: containers.container(name).id for name in ("auth", "predictions", "bulk-upload", "gateway")}
    previous = docker_client.images.get(f"accunode/{SERVICE}:{TAG}")
    build(image_named(SERVICE), TAG, revision="changed", root=changed_sources(tmp_path))
    load = Load(containers.base_url, containers.user("tenant_admin", tenant=0))
    try:
        with load.running():
            swap(SERVICE, containers.command, first_share=50)
        assert title(containers) == NEW_TITLE
        assert load.name_now() == load.name
    finally:
        previous.tag(f"accunode/{SERVICE}", TAG)
        containers.command("up", "--detach", "--no-deps", "--wait", SERVICE)
        load.name_as_before()

    assert set(load.answers) == {("GET", "200"), ("PATCH", "200")}, load.answers
    assert LEAST_PER_SECOND * load.seconds < load.answers.total() < MOST_REQUESTS, load.seconds
    assert others == {name: containers.container(name).id for name in others}


def test_shares_that_do_not_add_up_or_name_nobody_are_refused(containers: ContainerStack) -> None:
    gateway = containers.container("gateway")
    before = gateway.exec_run(["weights"]).output
    for arguments, said in (
        (["auth", "auth=50"], b"add up to 50"),
        (["auth", "auth=0", "nowhere=100"], b"no copy named nowhere"),
        (["auth", "auth=much"], b"not HOST=PERCENT"),
        (["mail", "mail=100"], b"no service mail"),
    ):
        done = gateway.exec_run(["weights", *arguments])
        assert done.exit_code == 1
        assert said in done.output
    assert gateway.exec_run(["weights"]).output == before
