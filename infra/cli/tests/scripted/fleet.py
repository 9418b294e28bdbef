"""The part of the model that runs copies: ECS services, their tasks, and what an image does when it runs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

ACCOUNT, REGION = "111122223333", "us-east-1"
CLUSTER = "accunode-production"
STARTS = timedelta(seconds=5)
FAILS = timedelta(seconds=8)
HEALTHY = timedelta(seconds=12)
CIRCUIT = 3
"""Copies that may end before ECS gives a deployment up."""


class Manner(StrEnum):
    """What an image does when it runs."""

    FIT = "fit"
    CRASHES = "crashes"
    UNHEALTHY = "unhealthy"
    UNPLACED = "unplaced"
    REPLACED = "replaced"  # ECS goes back to the image before, while CloudFormation calls the update complete
    ALARMS = "alarms"
    ALARMS_LATE = "alarms late"  # with all requests only
    ANSWERS_500 = "answers 500"


@dataclass
class Task:
    """A task of a service, or a one-off."""

    arn: str
    definition: str
    image: str
    created: datetime
    started_by: str
    dies: timedelta | None = None
    stopped: datetime | None = None
    code: str = ""
    reason: str = ""
    exit: int | None = None

    def status(self, now: datetime, manner: Manner) -> str:
        """ECS's word for it."""
        if self.stopped:
            return "STOPPED"
        return "PENDING" if manner is Manner.UNPLACED or now < self.created + STARTS else "RUNNING"


_numbers = count(1)


def new_task(definition: str, image: str, now: datetime, started_by: str) -> Task:
    """A task that starts now."""
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{next(_numbers):032x}"
    return Task(arn, definition, image, now, started_by)


@dataclass
class Deployment:
    """One roll-out of a service."""

    id: str
    definition: str
    image: str
    created: datetime
    state: str = "IN_PROGRESS"
    failures: int = 0


@dataclass
class Service:
    """An ECS service with the newest deployment first."""

    name: str
    desired: int = 0
    deployments: list[Deployment] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    event: str = ""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/{self.name}"

    @property
    def image(self) -> str:
        """The image that it is to run."""
        return self.deployments[0].image if self.deployments else ""

    def put(self, image: str, now: datetime) -> None:
        """Roll an image out."""
        if image != self.image:
            definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{self.name}:{next(_numbers)}"
            self.deployments.insert(0, Deployment(f"ecs-svc/{next(_numbers)}", definition, image, now))

    def start_anew(self, now: datetime) -> None:
        """Replace the copies by others of the same image."""
        newest = self.deployments[0]
        self.deployments.insert(0, Deployment(f"ecs-svc/{next(_numbers)}", newest.definition, newest.image, now))

    def live(self) -> list[Task]:
        """The tasks that have not ended."""
        return [each for each in self.tasks if not each.stopped]

    def healthy(self, now: datetime, manners: dict[str, Manner]) -> int:
        """How many copies the load balancer sends to."""
        return sum(
            now >= each.created + HEALTHY and manners[each.image] not in {Manner.UNHEALTHY, Manner.UNPLACED}
            for each in self.live()
        )

    def stable(self, now: datetime, manners: dict[str, Manner]) -> bool:
        """Whether as many copies of the newest deployment run as are wanted, and no others."""
        mine = [each for each in self.live() if each.started_by == self.deployments[0].id]
        return len(self.live()) == len(mine) == self.desired and all(
            each.status(now, manners[each.image]) == "RUNNING" and now >= each.created + HEALTHY for each in mine
        )

    def advance(self, now: datetime, manners: dict[str, Manner]) -> None:
        """What ECS does of its own accord."""
        if not self.deployments:
            return
        newest = self.deployments[0]
        for task in self.live():
            self._end_unfit(task, now, manners[task.image])
        if newest.failures >= CIRCUIT:
            newest.state = "FAILED"
        mine = [each for each in self.live() if each.started_by == newest.id]
        others = [each for each in self.live() if each.started_by != newest.id]
        if newest.state != "FAILED":
            for _ in range(self.desired - len(mine)):
                self.tasks.append(new_task(newest.definition, newest.image, now, newest.id))
        for task in mine[self.desired :]:
            self._stop(
                task, now, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {newest.id})"
            )
        ready = [each for each in mine if now >= each.created + HEALTHY]
        if len(ready) >= self.desired:
            for task in others:
                self._stop(task, now, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment)")
            if newest.state == "IN_PROGRESS":
                newest.state = "COMPLETED"
            del self.deployments[1:]
        self.event = f"(service {self.name}) has started {len(mine)} tasks."
        if manners[newest.image] is Manner.UNPLACED:
            self.event = f"(service {self.name}) was unable to place a task because no instance had enough memory."

    def _end_unfit(self, task: Task, now: datetime, manner: Manner) -> None:
        if manner is Manner.CRASHES and now >= task.created + FAILS:
            task.exit = 1
            self._stop(task, now, "EssentialContainerExited", "Essential container in task exited")
        elif manner is Manner.UNHEALTHY and now >= task.created + 3 * FAILS:
            self._stop(task, now, "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group green)")
        else:
            return
        for each in self.deployments:
            each.failures += each.id == task.started_by

    def _stop(self, task: Task, now: datetime, code: str, reason: str) -> None:
        task.stopped, task.code, task.reason = now, code, reason
