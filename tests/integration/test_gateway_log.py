"""nginx writes which service was asked, and nothing of what a path or query names."""

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

pytestmark = pytest.mark.containers

GATEWAY = Path(__file__).resolve().parents[2] / "infra" / "docker" / "gateway"
START = (
    "mkdir -p /etc/accunode /tmp/slots /srv/pages && cp /gateway/*.conf /etc/accunode/ && cp /gateway/slots/*.conf"
    " /tmp/slots/ && exec nginx -c /gateway/nginx.conf -g 'daemon off;'"
)
ADDRESS = "ada.lovelace@bank.example"
PATHS = {
    f"/api/v1/organizations/1/whitelist/{ADDRESS}": "/api/v1/organizations",
    f"/api/v1/organizations/1/whitelist/{ADDRESS.replace('@', '%40')}": "/api/v1/organizations",
    "/api/v1/companies/by-symbol/quixotic": "/api/v1/companies",
    f"/api/v1/{ADDRESS}": "-",
    f"/{ADDRESS}": "-",
}


@pytest.fixture
def gateway(docker_client: docker.DockerClient) -> Iterator[Container]:
    """The gateway alone: no service is behind it, so that it answers and logs failures too."""
    container = docker_client.containers.run(
        "nginx:1.27",
        ["-c", START],
        entrypoint="sh",
        volumes={str(GATEWAY): {"bind": "/gateway", "mode": "ro"}},
        detach=True,
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def test_the_gateways_log_names_the_service_asked_and_no_value_of_the_path(gateway: Container) -> None:
    server = "http://127.0.0.1:8080"
    up = gateway.exec_run(["curl", "--silent", "--retry-connrefused", "--retry", "9", "--fail", f"{server}/health"])
    assert up.exit_code == 0, gateway.logs()
    for path in PATHS:
        asked = gateway.exec_run(["curl", "--silent", f"{server}{path}?email={ADDRESS}"])
        assert asked.exit_code == 0, asked.output
    written = gateway.logs().decode()
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["prefix"] for line in lines] == list(PATHS.values())
    assert all(line["request_id"] and line["status"] >= 400 for line in lines)
    for value in ("ada", "lovelace", "quixotic", "email"):
        assert value not in written
