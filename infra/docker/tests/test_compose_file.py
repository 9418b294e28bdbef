"""The rules that the composed stack keeps to."""

from typing import Any

import pytest
import yaml

from accunode_common.db.server import MEBIBYTE, ONE_MACHINE, server_settings
from accunode_common.routing import SERVICES
from accunode_docker.images import IMAGES, REPOSITORY

DOCUMENT: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = DOCUMENT["services"]
LONG_LIVED = {name: each for name, each in CONTAINERS.items() if each["restart"] != "no"}

# Compose 1.29 refuses these, and is what some distributions still ship.
TOO_NEW_AT_TOP = {"name", "include"}
TOO_NEW = {"develop", "gpus", "post_start", "pre_stop", "pull_policy"}


def test_only_the_gateway_is_published_and_only_on_this_machine() -> None:
    published = {name: each["ports"] for name, each in CONTAINERS.items() if "ports" in each}
    assert list(published) == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])


def test_the_gateway_and_the_data_share_no_network_and_neither_inner_one_leads_outside() -> None:
    assert not {*CONTAINERS["gateway"]["networks"]} & {*CONTAINERS["postgres"]["networks"]}
    assert [name for name, network in DOCUMENT["networks"].items() if not (network or {}).get("internal")] == ["edge"]
    assert [name for name, each in CONTAINERS.items() if "edge" in each.get("networks", [])] == ["gateway"]


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_is_hardened_and_limited(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in container
    assert "privileged" not in container


@pytest.mark.parametrize("name", sorted(set(LONG_LIVED) - {"mail"}))
def test_what_stays_is_started_again_and_has_a_health_check(name: str) -> None:
    assert LONG_LIVED[name]["restart"] == "unless-stopped"
    assert "test" in LONG_LIVED[name]["healthcheck"]


def test_each_container_mounts_its_own_secrets_only_and_cannot_change_them() -> None:
    for name, container in CONTAINERS.items():
        mounts = [mount for mount in container.get("volumes", []) if mount.startswith("secrets-")]
        if name != "secrets":
            assert mounts in ([], [f"secrets-{name}:/run/secrets:ro"]), name


def test_no_secret_is_in_an_environment() -> None:
    for container in CONTAINERS.values():
        environment = container.get("environment", {})
        assert not [key for key in environment if "PASSWORD" in key and not key.endswith("_FILE")]
        assert not {"ACCUNODE_DATABASE_URL", "ACCUNODE_REDIS_URL", "ACCUNODE_MFA_KEY"} & set(environment)
        assert environment.get("AWS_SECRET_ACCESS_KEY", "any") == "any"


def test_the_four_services_fit_an_instance_of_two_gibibytes() -> None:
    megabytes = [int(CONTAINERS[service.name]["mem_limit"].removesuffix("m")) for service in SERVICES]
    assert sum(megabytes) <= 1_900


def test_postgresql_gets_the_settings_and_the_memory_of_the_embedded_one() -> None:
    program, *options = CONTAINERS["postgres"]["command"]
    assert program == "postgres"
    assert dict(option.removeprefix("-c").split("=", 1) for option in options) == server_settings(ONE_MACHINE)
    assert CONTAINERS["postgres"]["mem_limit"] == f"{ONE_MACHINE // MEBIBYTE}m"


def test_every_image_is_known_by_name() -> None:
    own = {each["image"].split(":")[0] for each in CONTAINERS.values() if each["image"].startswith("accunode/")}
    assert own == {f"accunode/{image.name}" for image in IMAGES}


def test_the_file_says_nothing_that_compose_1_29_refuses() -> None:
    assert not TOO_NEW_AT_TOP & set(DOCUMENT)
    for container in CONTAINERS.values():
        assert not TOO_NEW & set(container)
        assert "start_interval" not in container.get("healthcheck", {})
        needs = container.get("depends_on", {})
        assert not any("required" in need for need in needs.values())
        build = container.get("build", {})
        assert not {"additional_contexts", "dockerfile_inline"} & set(build)
