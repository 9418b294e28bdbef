"""The model: stacks whose parameters move ECS services, the load balancer's weights, parameters, images and alarms."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from infra.cli.tests.scripted.fleet import ACCOUNT, REGION, STARTS, Manner, Service, Task

from accunode_common.testing.routes import service_for

PREFIX = "accunode-production-"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PUBLIC_URL = "https://api.example.com"
REVERTS = timedelta(seconds=20)
SLOTS = ("Blue", "Green")


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Pass time."""
        self.time += timedelta(seconds=seconds)


@dataclass
class Stack:
    """A stack: its parameters, and the update under way."""

    name: str
    parameters: dict[str, str]
    status: str = "CREATE_COMPLETE"
    before: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Cloud:
    """An account with one environment.

    Attributes:
        clock: The time.
        manners: What each image does, by reference.
        stuck: Stacks whose updates never end by themselves.
        outages: Moments at which a slot with requests had no healthy copy, after the first release.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    stacks: dict[str, Stack] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    manners: dict[str, Manner] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    critical: dict[str, list[str]] = field(default_factory=dict)
    architectures: dict[str, str] = field(default_factory=dict)
    ssm: dict[str, tuple[str, int]] = field(default_factory=dict)
    alarms: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    one_off: list[Task] = field(default_factory=list)
    migration_exit: int = 0
    stuck: set[str] = field(default_factory=set)
    outages: list[str] = field(default_factory=list)
    instance_architecture: str = "x86_64"
    exports: dict[str, str] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    master_password: str = ""
    snapshots: dict[str, datetime] = field(default_factory=dict)
    instances: dict[str, datetime] = field(default_factory=dict)
    importers: list[str] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    unheard: set[str] = field(default_factory=set)
    measured: float = 60.0

    # What tests say.

    def image(self, service: str, number: int, manner: Manner = Manner.FIT, *, tag: str | None = None) -> str:
        """Put an image into the registry; gives its reference."""
        reference = f"{REGISTRY}/accunode/{service}@sha256:{number:064x}"
        self.manners[reference] = manner
        self.tags[tag or f"{service}-{number}"] = reference
        self.architectures[reference] = "amd64"
        return reference

    def add_service(self, name: str) -> None:
        """Make the stack of an API service, without an image."""
        slots = {f"{slot}{what}": value for slot in SLOTS for what, value in (("Image", ""), ("Count", "0"))}
        self.stacks[f"{PREFIX}service-{name}"] = Stack(
            f"{PREFIX}service-{name}",
            slots
            | {"BlueWeight": "100", "GreenWeight": "0", "ActiveSlot": "blue", "Cpu": "256"}
            | {"MinCount": "2", "MaxCount": "4"},
        )
        self.alarms[f"{PREFIX}service-{name}-errors"] = ("OK", [f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"])
        policy = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:1:resource/ecs/service:policyName/low"
        self.alarms[f"{PREFIX}service-{name}-cpu-low"] = ("ALARM", [policy])

    def add_static(self) -> None:
        """Make the stacks around."""
        for name in ("compute", "edge", "observability"):
            self.stacks[PREFIX + name] = Stack(PREFIX + name, {})
        data = {"SnapshotIdentifier": "", "Generation": "1", "DeletionProtection": "true"}
        self.stacks[f"{PREFIX}data"] = Stack(f"{PREFIX}data", data)
        self.stacks[f"{PREFIX}migrate"] = Stack(f"{PREFIX}migrate", {"Image": ""})
        for name in ("worker", "relay"):
            self.stacks[PREFIX + name] = Stack(
                PREFIX + name, {"Image": "", "DesiredCount": "0", "MinCount": "2", "MaxCount": "6"}
            )
        self.alarms[f"{PREFIX}edge-5xx"] = ("OK", [])

    def settle(self, seconds: float = 120) -> None:
        """Let time pass."""
        for _ in range(int(seconds // 2)):
            self.clock.sleep(2)
            self.advance()

    def state(self, service: str) -> dict[str, str]:
        """The parameters of a service's stack."""
        return self.stacks[f"{PREFIX}service-{service}"].parameters

    def ask(self, url: str, headers: dict[str, str]) -> httpx.Response:
        """What the load balancer, or the registry's store, answers."""
        request = httpx.Request("GET", url)
        if url.startswith("https://layers/"):
            return httpx.Response(200, json={"architecture": url.rpartition("/")[2]}, request=request)
        self.advance()
        path = httpx.URL(url).path
        found = service_for(path)
        slot = headers["X-AccuNode-Slot"]
        copies = self.services.get(f"{PREFIX}{found.name if found else ''}-{slot}")
        if copies is None or copies.healthy(self.clock.now(), self.manners) == 0:
            return httpx.Response(503, text="no healthy target", request=request)
        if self.manners[copies.image] is Manner.ANSWERS_500:
            return httpx.Response(500, text="Internal Server Error", request=request)
        if path.endswith("jwks.json"):
            return httpx.Response(200, json={"keys": [{"kid": "1"}]}, request=request)
        return httpx.Response(401, json={"code": "unauthenticated"}, request=request)

    # What happens of its own accord.

    def advance(self) -> None:
        """Bring everything to the clock's time."""
        now = self.clock.now()
        for service in self.services.values():
            service.advance(now, self.manners)
        for stack in self.stacks.values():
            self._advance_stack(stack, now)
        self._ring()
        self._look_for_outages(now)
        for task in self.one_off:
            if not task.stopped and now >= task.created + 2 * STARTS:
                task.stopped, task.exit, task.reason = now, self.migration_exit, "Essential container in task exited"

    def services_of(self, stack: Stack) -> dict[str, Service]:
        short = stack.name.removeprefix(PREFIX)
        if short.startswith("service-"):
            name = short.removeprefix("service-")
            return {
                slot: self.services[f"{PREFIX}{name}-{slot.lower()}"]
                for slot in SLOTS
                if f"{PREFIX}{name}-{slot.lower()}" in self.services
            }
        return {short: self.services[stack.name]} if stack.name in self.services else {}

    def apply(self, stack: Stack, now: datetime) -> None:
        short, values = stack.name.removeprefix(PREFIX), stack.parameters
        if short.startswith("service-"):
            for slot in SLOTS:
                name = f"{PREFIX}{short.removeprefix('service-')}-{slot.lower()}"
                self._apply_one(name, values[f"{slot}Image"], int(values[f"{slot}Count"]), now)
        elif short in {"worker", "relay"}:
            self._apply_one(stack.name, values["Image"], int(values["DesiredCount"]), now)

    def _apply_one(self, name: str, image: str, desired: int, now: datetime) -> None:
        if not image:
            self.services.pop(name, None)
            return
        service = self.services.setdefault(name, Service(name))
        service.desired = desired
        if self.manners[image] is Manner.REPLACED and service.image:
            return
        service.put(image, now)
        service.advance(now, self.manners)

    def _advance_stack(self, stack: Stack, now: datetime) -> None:
        if stack.since is None:
            return
        if stack.status == "UPDATE_ROLLBACK_IN_PROGRESS":
            if now >= stack.since + REVERTS:
                stack.status, stack.since = "UPDATE_ROLLBACK_COMPLETE", None
            return
        services = self.services_of(stack).values()
        if any(each.deployments[0].state == "FAILED" for each in services):
            self._fail(stack, now, "ECS Deployment Circuit Breaker was triggered.")
        elif stack.name not in self.stuck and all(each.stable(now, self.manners) for each in services):
            stack.status, stack.since = "UPDATE_COMPLETE", None

    def _fail(self, stack: Stack, now: datetime, reason: str) -> None:
        stack.events.insert(
            0,
            {
                "StackId": stack.name,
                "EventId": str(len(stack.events)),
                "StackName": stack.name,
                "Timestamp": now,
                "LogicalResourceId": "GreenService",
                "ResourceStatus": "UPDATE_FAILED",
                "ResourceStatusReason": reason,
            },
        )
        self.revert(stack, now)

    def revert(self, stack: Stack, now: datetime) -> None:
        stack.parameters, stack.status, stack.since = stack.before, "UPDATE_ROLLBACK_IN_PROGRESS", now
        for service in self.services_of(stack).values():
            service.deployments = [each for each in service.deployments if each.state != "FAILED"]
        self.apply(stack, now)

    def _ring(self) -> None:
        for name, (_, actions) in list(self.alarms.items()):
            if not name.endswith("-errors"):
                continue
            values = self.stacks[name.removesuffix("-errors")].parameters
            rings = any(
                (self.manners.get(values[f"{slot}Image"]) is Manner.ALARMS and values[f"{slot}Weight"] != "0")
                or (self.manners.get(values[f"{slot}Image"]) is Manner.ALARMS_LATE and values[f"{slot}Weight"] == "100")
                for slot in SLOTS
            )
            self.alarms[name] = ("ALARM" if rings else "OK", actions)

    def _look_for_outages(self, now: datetime) -> None:
        for name, stack in self.stacks.items():
            if not name.startswith(f"{PREFIX}service-") or stack.parameters.get("Cpu") != "live":
                continue
            for slot, service in self.services_of(stack).items():
                if stack.parameters[f"{slot}Weight"] != "0" and service.healthy(now, self.manners) == 0:
                    self.outages.append(f"{now:%H:%M:%S} {slot} of {name}")
