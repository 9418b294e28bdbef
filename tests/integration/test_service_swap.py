"""One service is rebuilt with a change and replaced under load, and no request fails."""

import http.client
import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import httpx
import pytest
from tests.integration.stacks import REPOSITORY, TAG, ContainerStack

from accunode_docker.images import build, image_named
from accunode_docker.swap import swap

pytestmark = pytest.mark.containers

SERVICE = "tenants"
READERS = 6
MOST_REQUESTS = 60_000
LEAST_PER_SECOND = 50
"""What a busy machine reaches too; a tenth of a second without an answer would then fail five requests."""
OLD_TITLE, NEW_TITLE = "AccuNode tenants", "AccuNode tenants, changed"


class Load:
    """Callers without pause, each request on a connection of its own: most read a list, one changes a name.

    Attributes:
        answers: How often each method got each status or error.
        seconds: How long it lasted.
        name: The last one that a change was answered for.
    """

    def __init__(self, stack: ContainerStack) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.seconds = 0.0
        self._address = urlsplit(stack.base_url)
        self._ended = threading.Event()
        self._counting = threading.Lock()
        user = stack.user("tenant_admin", tenant=0)
        credentials = {"email": user["email"], "password": user["password"]}
        signed_in = httpx.post(f"{stack.base_url}/api/v1/auth/login", json=credentials)
        self._headers = {
            "Authorization": f"Bearer {signed_in.json()['access_token']}",
            "Content-Type": "application/json",
        }
        self._list = "/api/v1/organizations"
        organization = self._ask("GET", self._list)["items"][0]
        self._one = f"{self._list}/{organization['id']}"
        self.name = self._first_name = organization["name"]

    @contextmanager
    def running(self) -> Iterator[None]:
        """The load, until the end of this or `MOST_REQUESTS`."""
        callers = [threading.Thread(target=self._read) for _ in range(READERS)]
        callers.append(threading.Thread(target=self._write))
        began = time.monotonic()
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._ended.set()
            for caller in callers:
                caller.join()
            self.seconds = time.monotonic() - began

    def name_now(self) -> str:
        """The name that the organization has."""
        return str(self._ask("GET", self._one)["name"])

    def name_as_before(self) -> None:
        """Give the organization the name that it had."""
        self._ask("PATCH", self._one, {"name": self._first_name})

    def _read(self) -> None:
        while self._goes_on():
            self._count("GET", self._list)

    def _write(self) -> None:
        while self._goes_on():
            name = f"{self._first_name} {self.answers.total()}"
            if self._count("PATCH", self._one, {"name": name}):
                self.name = name

    def _goes_on(self) -> bool:
        return not self._ended.is_set() and self.answers.total() < MOST_REQUESTS

    def _count(self, method: str, path: str, body: dict[str, str] | None = None) -> bool:
        try:
            status = str(self._send(method, path, body)[0])
        except (OSError, http.client.HTTPException) as error:
            status = repr(error)
        with self._counting:
            self.answers[method, status] += 1
        return status == "200"

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        status, content = self._send(method, path, body)
        assert status == 200, content
        return json.loads(content)

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(str(self._address.hostname), self._address.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body else None, self._headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()


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
    load = Load(containers)
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
