"""Releases on the real templates: the command line moves a service from image to image, and back."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from infra.cli.tests.emulator.conftest import Product, deployed
from infra.cli.tests.emulator.server import serving
from infra.cli.tests.emulator.stage import push

from accunode_infra import invocation
from accunode_infra.aws import Session
from accunode_infra.waiting import Clock

STACK = "accunode-production-service-auth"


class Copies:
    """The copies that moto lacks: as many as are wanted run what their task definition says, healthy at once."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._ecs = product.emulator.client("ecs")

    def hear(self, events: Any) -> None:
        """Answer a session's calls about copies; all others go to the emulator."""
        events.register("before-parameter-build.*.*", lambda params, context, **_: context.update(asked=dict(params)))
        for name in ("ecs.DescribeServices", "ecs.ListTasks", "ecs.DescribeTasks"):
            events.register(f"before-call.{name}", self._answer)
        events.register("before-call.elastic-load-balancing-v2.DescribeTargetHealth", self._answer)

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        found = getattr(self, model.name)(context["asked"])
        status = {"ResponseMetadata": {"HTTPStatusCode": 200}}
        return None if found is None else (SimpleNamespace(status_code=200, headers={}), found | status)

    def _service(self, cluster: str, name: str) -> dict[str, Any]:
        return dict(self._ecs.describe_services(cluster=cluster, services=[name])["services"][0])

    def DescribeServices(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        services = [self._service(asked["cluster"], name) for name in asked["services"]]
        rollout = {"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": datetime.now(UTC)}
        return {
            "services": [each | {"runningCount": each["desiredCount"], "deployments": [rollout]} for each in services]
        }

    def ListTasks(self, asked: dict[str, Any]) -> dict[str, Any] | None:  # noqa: N802
        if "serviceName" not in asked:
            return None
        wanted = self._service(asked["cluster"], asked["serviceName"])["desiredCount"]
        running = wanted if asked["desiredStatus"] == "RUNNING" else 0
        return {"taskArns": [f"{asked['serviceName']}#{number}" for number in range(running)]}

    def DescribeTasks(self, asked: dict[str, Any]) -> dict[str, Any] | None:  # noqa: N802
        if not all("#" in arn for arn in asked["tasks"]):
            return None
        tasks = []
        for arn in asked["tasks"]:
            service = self._service(asked["cluster"], arn.partition("#")[0])
            definition = self._ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
            image = definition["containerDefinitions"][0]["image"]
            container = {"name": "app", "image": image, "imageDigest": image.partition("@")[2]}
            tasks.append({"taskArn": arn, "containers": [container]})
        return {"tasks": tasks}

    def DescribeTargetHealth(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}] * 4}


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """One product for all tests here, in their order: each finds what the one before left."""
    with serving() as emulator, pytest.MonkeyPatch.context() as patch:
        product = deployed(emulator)
        copies = Copies(product)

        def session(**options: Any) -> Session:
            made = Session(**options)
            copies.hear(made.events)
            return made

        seconds = itertools.count()
        begun = datetime.now(UTC)
        patch.setattr(invocation, "Session", session)
        patch.setattr(Clock, "now", lambda _: begun + timedelta(seconds=20 * next(seconds)))
        patch.setattr(Clock, "sleep", lambda *_: None)
        patch.setattr(httpx, "get", answer)
        yield product
        assert emulator.engine.faults == []


def answer(url: str, headers: dict[str, str], **_: Any) -> httpx.Response:
    """What a fit copy answers."""
    assert headers["X-AccuNode-Slot"] in {"blue", "green"}
    request = httpx.Request("GET", url)
    if url.endswith("jwks.json"):
        return httpx.Response(200, json={"keys": [{}]}, request=request)
    return httpx.Response(401, json={}, request=request)


def parameters(product: Product, stack: str = STACK) -> dict[str, str]:
    """A stack's parameters."""
    return dict(product.emulator.engine.stack(stack).parameters)


def test_a_release_moves_the_real_stack_to_its_other_slot(product: Product) -> None:
    images = push(product.emulator, "v2")
    (done,) = product.cli("release", "auth", "--image", "v2", "--no-scan")["services"]
    assert done["outcome"] == "deployed"
    assert list(done["seconds"]) == [
        "migrate", "raise", "settle", "verify", "smoke", "share", "watch", "flip", "bake", "lower"
    ]  # fmt: skip
    now = parameters(product)
    assert now["GreenImage"] == images["auth"]
    assert (now["BlueWeight"], now["GreenWeight"], now["ActiveSlot"]) == ("0", "100", "green")
    assert (now["BlueCount"], now["GreenCount"]) == ("0", "2")
    assert parameters(product, "accunode-production-migrate")["Image"] == images["auth"]


def test_releasing_the_same_again_changes_nothing(product: Product) -> None:
    before = parameters(product)
    assert product.cli("release", "auth", "--image", "v2", "--no-scan")["services"] == [
        {"service": "auth", "outcome": "unchanged"}
    ]
    assert parameters(product) == before


def test_a_rollback_brings_the_first_image_back(product: Product) -> None:
    (done,) = product.cli("rollback", "auth")["services"]
    assert done["image"] == product.images["auth"]
    now = parameters(product)
    assert (now["BlueWeight"], now["BlueCount"], now["GreenCount"], now["ActiveSlot"]) == ("100", "2", "0", "blue")


def test_workers_and_the_relay_roll_to_the_new_image(product: Product) -> None:
    images = push(product.emulator, "v3")
    done = product.cli("release", "worker", "relay", "--image", "v3", "--no-scan")["services"]
    assert [each["outcome"] for each in done] == ["deployed", "deployed"]
    for name in ("worker", "relay"):
        assert parameters(product, f"accunode-production-{name}")["Image"] == images["worker"]


def test_stacks_stand_as_releases_left_them_when_they_are_deployed_again(product: Product) -> None:
    before = {name: parameters(product, f"accunode-production-{name}") for name in ("service-auth", "worker", "relay")}
    said = product.cli("deploy")
    assert {action for phase in said["phases"] for action in phase["stacks"].values()} == {"unchanged"}
    assert before == {name: parameters(product, f"accunode-production-{name}") for name in before}


def test_limits_read_the_policy_the_template_and_the_stack(product: Product) -> None:
    found = {each["service"]: each for each in product.cli("scale")}
    assert set(found) == {"auth", "tenants", "predictions", "bulk-upload", "worker"}
    assert all(each["differences"] == [] for each in found.values())
    assert product.cli("scale", "worker", "--desired", "3")[0]["wanted"] == 3


def test_images_that_slots_name_outlive_a_pruning(product: Product) -> None:
    product.cli("images", "prune", "--keep", "1")
    left = {each["digest"] for each in product.cli("images", "list")}
    assert parameters(product)["BlueImage"].partition("@")[2] in left
    assert parameters(product)["GreenImage"].partition("@")[2] in left
