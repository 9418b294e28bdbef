"""One-off tasks in the network of an environment: migrations, and checks of what only the network reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accunode_infra.errors import FailedError
from accunode_infra.release.copies import last_lines, why
from accunode_infra.release.site import Site, UnfitError, pages
from accunode_infra.release.stack import Stack

RUN_LIMIT = timedelta(minutes=30)
STACK = "migrate"
REACH = ("accunode_common.reach",)
"""The command that asks the database and the cache; the task definition's entry point is `python -m`."""


@dataclass(frozen=True)
class Ran:
    """A one-off task that ended well: its ARN, and what it logged last."""

    arn: str
    lines: list[str]


def run(
    site: Site,
    key: str,
    *,
    image: str | None = None,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run the task of the migrate stack to its end; with a key that is known, the earlier run counts unless it failed.

    Args:
        site: The environment.
        key: What the run is known by, up to 36 characters.
        image: The image to run it from; else the one of the last time.
        command: What to run instead of the migrations.
        environment: Variables of this run only.

    Raises:
        RefusedError: The migrate stack, or the compute stack, is not deployed.
        UnfitError: The task could not be placed, or ended with an error; with its reason and last log lines.
        FailedError: It does not come to an end.
    """
    stack = Stack(site, STACK)
    if image is not None:
        stack.change({"Image": image})
    cluster = site.export("ClusterName", of="compute")
    definition = next(iter(stack.resources("AWS::ECS::TaskDefinition").values()))
    ecs = site.client("ecs")
    arn = _earlier(ecs, cluster, key) or _start(site, cluster, definition, key, command, environment or {})

    def ended() -> dict[str, Any] | None:
        # A task that was started a moment ago may not be described yet.
        found: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        return next((task for task in found if task["lastStatus"] == "STOPPED"), None)

    task = site.until(ended, limit=RUN_LIMIT)
    if task is None:
        raise FailedError(
            f"The one-off task {arn.rpartition('/')[2]} has run for {RUN_LIMIT.total_seconds() / 60:.0f} minutes: read "
            "its log with `accunode-infra logs migrate`; running this again goes on waiting."
        )
    if not _succeeded(task):
        raise UnfitError(f"The one-off task failed: {why(site, task)}")
    return Ran(arn, last_lines(site, task))


def _earlier(ecs: Any, cluster: str, key: str) -> str | None:
    """The task of an earlier run of the same key, unless it failed."""
    for status in ("RUNNING", "STOPPED"):
        arns = list(pages(ecs, "list_tasks", "taskArns", cluster=cluster, startedBy=key, desiredStatus=status))
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []:
            if task["lastStatus"] != "STOPPED" or _succeeded(task):
                return str(task["taskArn"])
    return None


def _succeeded(task: Mapping[str, Any]) -> bool:
    """Whether every container ended with 0; one that never started has no exit code."""
    return all(container.get("exitCode") == 0 for container in task["containers"])


def _start(
    site: Site, cluster: str, definition: str, key: str, command: Sequence[str], environment: Mapping[str, str]
) -> str:
    ecs = site.client("ecs")
    described = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    container = described["containerDefinitions"][0]["name"]
    override: dict[str, Any] = {"name": container}
    if command:
        override["command"] = list(command)
    if environment:
        override["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
    answer = ecs.run_task(
        cluster=cluster,
        taskDefinition=definition,
        capacityProviderStrategy=[{"capacityProvider": site.export("ApiCapacityProvider", of="compute")}],
        startedBy=key,
        overrides={"containerOverrides": [override]},
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
    )
    if not answer["tasks"]:
        reasons = "; ".join(sorted({each.get("reason", "unknown") for each in answer.get("failures", [])}))
        raise UnfitError(f"ECS could not place the one-off task: {reasons or 'it gave no reason'}.")
    return str(answer["tasks"][0]["taskArn"])
