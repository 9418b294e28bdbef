"""An image is pushed under its commit and named by digest: to a real registry, behind an emulated ECR API."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import httpx
import pytest
from docker.errors import BuildError
from tests.integration.stacks import ContainerStack

from accunode_devstack.surroundings import without_containers
from accunode_docker import push as pushing
from accunode_docker.errors import DockerError
from accunode_docker.images import image_named
from accunode_docker.push import Registry, push

pytestmark = pytest.mark.containers

PASSWORD = "a-registry-token"
REGISTRY = f"""
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -qq --no-install-recommends docker-registry apache2-utils >/dev/null \\
    && htpasswd -Bbn AWS {PASSWORD} >/etc/registry-users
ENV REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=test REGISTRY_AUTH_HTPASSWD_PATH=/etc/registry-users
CMD ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
"""
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def registry(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty registry that asks for a password."""
    folder = tmp_path_factory.mktemp("registry")
    (folder / "Dockerfile").write_text(REGISTRY)
    try:
        image, _ = docker_client.images.build(path=str(folder), tag="accunode/test-registry", rm=True)
    except BuildError as error:
        without_containers(f"no registry can be had here: {error}")
    container = docker_client.containers.run(image, detach=True, ports={"5000/tcp": ("127.0.0.1", None)})
    try:
        container.reload()
        yield f"127.0.0.1:{container.ports['5000/tcp'][0]['HostPort']}"
    finally:
        container.remove(force=True, v=True)


class EmulatedEcr(BaseHTTPRequestHandler):
    """The three answers of the ECR API that pushing needs; what it says of images is what the registry holds."""

    registry: str
    repositories: set[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match self.headers["X-Amz-Target"].rpartition(".")[2]:
            case "GetAuthorizationToken":
                token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
                endpoint = f"http://{self.registry}"
                self._answer({"authorizationData": [{"authorizationToken": token, "proxyEndpoint": endpoint}]})
            case "DescribeImages":
                self._describe(body["repositoryName"], body["imageIds"][0]["imageTag"])

    def _describe(self, repository: str, tag: str) -> None:
        if repository not in self.repositories:
            self._answer({"__type": "RepositoryNotFoundException", "message": repository}, 400)
            return
        found = httpx.head(
            f"http://{self.registry}/v2/{repository}/manifests/{tag}",
            auth=("AWS", PASSWORD),
            headers={"Accept": MANIFESTS},
        )
        if found.status_code == 404:
            self._answer({"__type": "ImageNotFoundException", "message": tag}, 400)
            return
        self._answer({"imageDetails": [{"imageDigest": found.headers["Docker-Content-Digest"], "imageTags": [tag]}]})

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def ecr(registry: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The emulated API in front of the registry, which has a repository for one image."""
    handler = type("Handler", (EmulatedEcr,), {"registry": registry, "repositories": {"accunode/auth"}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setattr(pushing, "revision", lambda: f"c0ffee{uuid4().hex[:6]}")
        yield Registry("eu-central-1")
        server.shutdown()


def test_an_image_is_pushed_under_its_commit_and_named_by_digest(
    containers: ContainerStack, ecr: Registry, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = f"c0ffee{uuid4().hex[:6]}"
    monkeypatch.setattr(pushing, "revision", lambda: commit)

    pushed = push(image_named("auth"), registry=ecr)

    assert pushed.fresh
    assert pushed.tag == commit
    assert pushed.reference == f"{registry}/accunode/auth@{ecr.digest('accunode/auth', commit)}"
    labels = containers.client.images.get(f"accunode/auth:{commit}").labels
    assert labels["org.opencontainers.image.revision"] == commit
    manifest = httpx.get(
        f"http://{registry}/v2/accunode/auth/manifests/{pushed.reference.partition('@')[2]}",
        auth=("AWS", PASSWORD),
        headers={"Accept": MANIFESTS},
    )
    assert manifest.status_code == 200

    again = push(image_named("auth"), registry=ecr)
    assert not again.fresh
    assert again.reference == pushed.reference
    containers.client.images.remove(f"accunode/auth:{commit}")


def test_the_token_is_not_left_behind(ecr: Registry, tmp_path: Path) -> None:
    home = Path.home() / ".docker" / "config.json"
    before = home.read_bytes() if home.exists() else None
    ecr.sign_in(tmp_path)
    assert (tmp_path / "config.json").stat().st_mode & 0o077 == 0
    assert (home.read_bytes() if home.exists() else None) == before


def test_files_that_differ_from_the_commit_are_not_pushed(ecr: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "revision", lambda: "c0ffee-dirty")
    with pytest.raises(DockerError, match="commit them first"):
        push(image_named("auth"), registry=ecr)


def test_a_repository_that_does_not_exist_is_named(ecr: Registry) -> None:
    with pytest.raises(DockerError, match="no repository accunode/tenants"):
        push(image_named("tenants"), registry=ecr)
