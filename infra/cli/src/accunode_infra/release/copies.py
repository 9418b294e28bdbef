"""The copies of a service in ECS: whether they run, what they run, and why one ended.

CloudFormation reports an update as complete even when ECS went back to the old image by itself, and takes long to see
that a new one does not start; so a release looks at ECS.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from accunode_infra.aws import code_of
from accunode_infra.release.image import Made, repository_of
from accunode_infra.release.site import Site, UnfitError, pages

LOG_LINES = 12
_SKEW = timedelta(minutes=2)
"""How far this machine's clock and AWS's may differ."""
_DEADLY = frozenset({"EssentialContainerExited", "TaskFailedToStart"})


@dataclass(frozen=True)
class Copies:
    """A service at a moment: the copies wanted and running, whether the roll-out is over, and the latest event.

    `deployment` is the id of the newest roll-out.
    """

    wanted: int
    running: int
    settled: bool
    event: str
    deployment: str


class EcsService:
    """One ECS service.

    Args:
        site: The environment.
        arn: The service's ARN, which names its cluster.
        since: When the release began: what ended before is none of its doing.
    """

    def __init__(self, site: Site, arn: str, since: datetime) -> None:
        self._site = site
        self._ecs: Any = site.client("ecs")
        self.arn = arn
        self.cluster, self.name = arn.split("/")[-2:]
        self._since = since - _SKEW

    def look(self) -> Copies:
        """The service as it is now.

        Raises:
            UnfitError: A copy of the newest deployment ended or failed its health checks, or ECS gave the roll-out up.
        """
        service = self._describe()
        newest = _newest(service)
        self._refuse_given_up(service)
        self._refuse_ended(newest["id"])
        settled = len(service["deployments"]) == 1 and newest.get("rolloutState", "COMPLETED") == "COMPLETED"
        event = next((each["message"] for each in service.get("events", [])), "")
        return Copies(service["desiredCount"], service["runningCount"], settled, event, newest["id"])

    def start_anew(self) -> str:
        """Have the copies replaced by others of the same image; gives the id of that roll-out."""
        answer = self._ecs.update_service(cluster=self.cluster, service=self.arn, forceNewDeployment=True)
        return str(_newest(answer["service"])["id"])

    def wanted(self) -> int:
        """How many copies ECS is to run; the autoscaler moves this. 0 when there is no such service."""
        found = self._ecs.describe_services(cluster=self.cluster, services=[self.arn])["services"]
        return sum(each["desiredCount"] for each in found if each["status"] == "ACTIVE")

    def refuse_other_than(self, made: Made) -> int:
        """Compare what runs with what is wanted, on every copy; gives how many there are.

        Raises:
            UnfitError: A copy runs something else, or there is none.
        """
        arns = self._tasks("RUNNING")
        running = Counter(
            container.get("imageDigest", "unknown")
            for task in self._describe_tasks(arns)
            for container in task["containers"]
            if repository_of(container.get("image", "")) == made.repository
        )
        if not running:
            raise UnfitError(f"No copy of {made.repository} runs in {self.name}.")
        if other := set(running) - made.digests:
            raise UnfitError(
                f"{self.name} runs {', '.join(sorted(other))} and not {made.digest}: ECS went back to another image."
            )
        return sum(running.values())

    def _describe(self) -> dict[str, Any]:
        found = self._ecs.describe_services(cluster=self.cluster, services=[self.arn])["services"]
        if not found or found[0]["status"] != "ACTIVE":
            raise UnfitError(f"ECS has no service {self.name} in {self.cluster}.")
        return dict(found[0])

    def _tasks(self, status: str) -> list[str]:
        return list(
            pages(
                self._ecs, "list_tasks", "taskArns", cluster=self.cluster, serviceName=self.name, desiredStatus=status
            )
        )

    def _describe_tasks(self, arns: list[str]) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = []
        for first in range(0, len(arns), 100):
            tasks += self._ecs.describe_tasks(cluster=self.cluster, tasks=arns[first : first + 100])["tasks"]
        return tasks

    def _refuse_given_up(self, service: Mapping[str, Any]) -> None:
        for each in service["deployments"]:
            if each.get("rolloutState") == "FAILED" and each["createdAt"] >= self._since:
                raise UnfitError(
                    f"ECS gave {self.name} up: {each.get('rolloutStateReason', 'no reason given').rstrip('.')}."
                )

    def _refuse_ended(self, deployment: str) -> None:
        for task in self._describe_tasks(self._tasks("STOPPED")):
            if task.get("startedBy") != deployment or task["createdAt"] < self._since:
                continue
            reason = task.get("stoppedReason", "")
            if task.get("stopCode") in _DEADLY or ("failed" in reason and "health check" in reason):
                raise UnfitError(f"A copy of {self.name} ended: {why(self._site, task)}")


def _newest(service: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(each for each in service["deployments"] if each["status"] == "PRIMARY")


def why(site: Site, task: Mapping[str, Any]) -> str:
    """Why a task ended: ECS's reason, each container's exit code, and its last log lines."""
    parts = [task.get("stoppedReason", "no reason given").rstrip(".") + "."]
    for container in task["containers"]:
        if container.get("exitCode") not in {None, 0} or container.get("reason"):
            code = f" exit code {container['exitCode']}" if container.get("exitCode") is not None else ""
            parts.append(f"{container['name']}:{code} {container.get('reason', '')}".rstrip() + ".")
    lines = last_lines(site, task)
    return " ".join(parts) + "".join(f"\n  {line}" for line in lines)


def last_lines(site: Site, task: Mapping[str, Any]) -> list[str]:
    """The last lines that a task's containers logged, as its task definition says where to."""
    ecs, logs = site.client("ecs"), site.client("logs")
    definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    lines: list[str] = []
    for container in definition["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" not in options:
            continue
        stream = "/".join(
            (options.get("awslogs-stream-prefix", ""), container["name"], task["taskArn"].rpartition("/")[2])
        )
        try:
            found = logs.get_log_events(
                logGroupName=options["awslogs-group"], logStreamName=stream, limit=LOG_LINES, startFromHead=False
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            continue
        lines += [each["message"].rstrip() for each in found["events"]]
    return lines[-LOG_LINES:]


def unhealthy(site: Site, target_group: str, wanted: int) -> str | None:
    """Why the load balancer does not yet send to `wanted` healthy targets; None when it does."""
    found = site.client("elbv2").describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    states = Counter(each["TargetHealth"]["State"] for each in found)
    if states["healthy"] >= wanted:
        return None
    reasons = sorted(
        {
            each["TargetHealth"].get("Description") or each["TargetHealth"].get("Reason", "")
            for each in found
            if each["TargetHealth"]["State"] not in {"healthy", "draining"}
        }
        - {""}
    )
    counted = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none registered"
    return (
        f"{states['healthy']} of {wanted} targets are healthy ({counted}){': ' + '; '.join(reasons) if reasons else ''}"
    )
