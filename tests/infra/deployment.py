"""The stacks of the templates, resolved as the CLI does it, and their tasks run among what stands in for AWS."""

import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from tests.infra.balancer import Listeners, Rule, TargetGroup, configuration, rule, target_group
from tests.infra.cloud import (
    CACHE_HOST,
    DATABASE_HOST,
    DOMAIN,
    OBJECTS_BUCKET,
    REGION,
    ROOTS,
    S3_ADDRESS,
    S3_HOST,
    Balancer,
    Cloud,
    Passwords,
    Task,
    healthy,
)
from tests.infra.containers import rendered
from tests.integration.stacks import TAG

from accunode_common.routing import SERVICES
from accunode_docker.images import image_named
from accunode_infra.resolve import ACCOUNT, Resolved, resolve
from accunode_infra.stacks import parameters, stack
from accunode_infra.templates import load

ENVIRONMENT = "production"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0"
SLOTS = {"blue": "Blue", "green": "Green"}
EXPORTS = {
    f"accunode-{ENVIRONMENT}-{name}": value
    for name, value in {
        "CacheHost": CACHE_HOST,
        "CachePort": "6379",
        "DatabaseHost": DATABASE_HOST,
        "DatabasePort": "5432",
        "ObjectsBucket": OBJECTS_BUCKET,
        "PublicUrl": f"https://{DOMAIN}",
    }.items()
}
"""What the stacks of the database, the cache, the files and the edge export."""


def resolved(name: str, *, imports: Mapping[str, str] | None = None, **given: str) -> Resolved:
    """A stack of the startup tier."""
    wanted = stack(name)
    values = parameters(wanted, environment=ENVIRONMENT, overrides=given)
    return resolve(load(wanted.template), values, imports=imports, pseudo={"AWS::Region": REGION})


def listeners() -> Listeners:
    """What the load balancer does beside the services' rules."""
    edge = resolved("edge", DomainName=DOMAIN, CertificateArn=CERTIFICATE)
    (balancer,) = edge.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    attributes = {each["Key"]: each["Value"] for each in balancer.properties["LoadBalancerAttributes"]}
    actions = {
        int(each.properties["Port"]): each.properties["DefaultActions"][0]
        for each in edge.of_type("AWS::ElasticLoadBalancingV2::Listener")
    }
    redirect, otherwise = actions[80]["RedirectConfig"], actions[443]["FixedResponseConfig"]
    return Listeners(
        (int(redirect["StatusCode"].removeprefix("HTTP_")), redirect["Protocol"], redirect["Port"]),
        (int(otherwise["StatusCode"]), otherwise["ContentType"], otherwise["MessageBody"]),
        int(attributes["idle_timeout.timeout_seconds"]),
    )


def passwords(store: Mapping[str, str]) -> Passwords:
    """What the database's master and the cache are created with."""
    (database,) = resolved("data").of_type("AWS::RDS::DBInstance")
    place = f"/accunode/{ENVIRONMENT}"
    return Passwords(
        database.properties["DBName"],
        database.properties["MasterUsername"],
        store[f"{place}/data/master-password"],
        store[f"{place}/cache/auth-token"],
    )


class Deployment:
    """The product as the templates deploy it.

    Attributes:
        cloud: What the tasks meet.
        running: The tasks that take requests, by service and slot; each is a target of its slot's group.
        others: The tasks that take none, by stack.
        store: The parameter store.
    """

    def __init__(self, made: Cloud, store: Mapping[str, str]) -> None:
        self.cloud = made
        self.store = store
        self.running: dict[tuple[str, str], Task] = {}
        self.others: dict[str, Task] = {}
        self._slots: dict[str, dict[str, str]] = {}
        self._vpc = made.network.attrs["IPAM"]["Config"][0]["Subnet"]

    def image(self, name: str) -> str:
        """An image as a parameter names it: in the registry, by digest."""
        found = self.cloud.client.images.get(image_named(name).reference(TAG))
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/accunode/{name}@{found.id}"

    def run(self, name: str, image: str) -> Task:
        """Start the one task definition of a stack."""
        made = resolved(name, imports=EXPORTS, Image=self.image(image))
        (definition,) = made.of_type("AWS::ECS::TaskDefinition")
        self.others[name] = self._task(definition.properties)
        return self.others[name]

    def run_service(self, service: str, slot: str) -> Task:
        """Start a copy of a slot, and wait until the balancer would send requests to it."""
        self._slots.setdefault(service, {})[f"{SLOTS[slot]}Image"] = self.image(service)
        made = self._service(service)
        definition = made.resources[f"{SLOTS[slot]}TaskDefinition"]
        self.running[service, slot] = task = self._task(definition.properties)
        return task

    def run_once(self, service: str, command: Sequence[str], **environment: str) -> Task:
        """Start a copy with another command and more variables, as the overrides of a task can say."""
        definition = self._service(service).resources["BlueTaskDefinition"]
        settings = self._rendered(definition.properties) | {"command": list(command)}
        settings["environment"] = settings["environment"] | environment
        return self.cloud.task(settings)

    def check(self, service: str, slot: str) -> tuple[str, str]:
        """The path and the status of the health check that a slot's target group makes."""
        group = self._service(service).resources[f"{SLOTS[slot]}TargetGroup"].properties
        return group["HealthCheckPath"], group["Matcher"]["HttpCode"]

    def share(self, service: str, *, blue: int, green: int, active: str = "blue") -> None:
        """Give the slots of a service other weights, as an update of its stack does."""
        self._slots[service] |= {"BlueWeight": str(blue), "GreenWeight": str(green), "ActiveSlot": active}

    def retire(self, service: str, slot: str) -> int:
        """Take a slot's copy out of its target group, and tell it to end; its exit code."""
        task = self.running.pop((service, slot))
        self.balance()
        return task.stop()

    def open(self) -> Balancer:
        """Start the load balancer."""
        self.balancer = Balancer(self.cloud, self._configuration())
        return self.balancer

    def balance(self) -> None:
        """Let the load balancer know of what has changed."""
        self.balancer.configure(self._configuration())

    def trusting(self) -> ssl.SSLContext:
        """What a caller on this machine verifies the load balancer with."""
        return ssl.create_default_context(cafile=str(self.cloud.node / "rds-ca.pem"))

    def one_off(self, settings: Mapping[str, Any]) -> str:
        """Run a tool's container to its end; what it wrote."""
        container = self.cloud.start(settings, names=("tool",))
        ended = container.wait()
        said = container.logs().decode()
        assert ended["StatusCode"] == 0, said
        return str(said)

    def _service(self, service: str) -> Resolved:
        given = {"VpcCidr": self._vpc, **self._slots[service]}
        return resolved(f"service-{service}", imports=EXPORTS, **given)

    def _task(self, definition: Mapping[str, Any]) -> Task:
        return self.cloud.task(self._rendered(definition))

    def _rendered(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        return rendered(
            definition,
            secret=lambda source: self.store[re.sub(r"^arn:.*:parameter/", "/", source)],
            image=lambda reference: reference.partition("@")[2],
            host=self._folder,
        )

    def _folder(self, path: str) -> str:
        assert path == ROOTS.rpartition("/")[0], f"{path} is not a folder that a node has."
        return str(self.cloud.node)

    def _configuration(self) -> str:
        rules: list[Rule] = []
        targets: dict[TargetGroup, Sequence[str]] = {}
        for service in SERVICES:
            made = self._service(service.name)
            found = made.of_type("AWS::ElasticLoadBalancingV2::ListenerRule")
            rules += [rule(each.properties, stack=service.name) for each in found]
            for slot, name in SLOTS.items():
                group = target_group(service.name, {"Ref": f"{name}TargetGroup"})
                task = self.running.get((service.name, slot))
                targets[group] = [task.address(service.port)] if task else []
        return configuration(listeners(), rules, targets, domain=DOMAIN, aliases={S3_HOST: S3_ADDRESS})


def deploy(made: Cloud, store: Mapping[str, str]) -> Deployment:
    """Everything running in its blue slot, healthy, behind the load balancer.

    The order is the CLI's: migrations, then the services, then the worker and the relay.
    """
    deployment = Deployment(made, store)
    migration = deployment.run("migrate", "tenants")
    ended = migration.container.wait()
    assert ended["StatusCode"] == 0, migration.container.logs().decode()
    tasks = [deployment.run_service(service.name, "blue") for service in SERVICES]
    tasks += [deployment.run("worker", "worker"), deployment.run("relay", "worker")]
    healthy(*(task.container for task in tasks))
    deployment.open()
    return deployment
