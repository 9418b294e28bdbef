"""Phase 3, the application: the API answers, both fleets run, everything is healthy."""

from collections.abc import Iterator, Mapping

import httpx

from accunode_common.routing import SERVICES
from accunode_infra.release.site import Site, pages
from accunode_infra.release.smoke import JWKS, PATHS
from accunode_infra.verify.model import Check, Fact

FEWEST = 2
SINGLES: Mapping[str, str] = {"worker": "workers", "relay": "the relay"}


def api(site: Site) -> Iterator[Fact]:
    """Each service answers at the public address, as to somebody who has not signed in."""
    url = site.export("PublicUrl", of="edge").rstrip("/")
    for service in SERVICES:
        for path in PATHS[service.name]:
            wanted = 200 if path == JWKS else 401
            try:
                answer = site.ask(url + path, {})
            except httpx.HTTPError as error:
                yield Fact(False, f"{service.name} does not answer at {url}{path}: {error}")
                continue
            yield Fact(answer.status_code == wanted, f"{service.name} answers {answer.status_code} at {path}")


def fleets(site: Site) -> Iterator[Fact]:
    """Both groups have at least their minimum in service, in two zones."""
    names = [site.export(name, of="compute") for name in ("ApiGroupName", "WorkerGroupName")]
    found = site.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)["AutoScalingGroups"]
    for missing in set(names) - {group["AutoScalingGroupName"] for group in found}:
        yield Fact(False, f"there is no group {missing}")
    for group in found:
        running = [each for each in group["Instances"] if each["LifecycleState"] == "InService"]
        zones = {each["AvailabilityZone"] for each in running}
        yield Fact(
            len(running) >= max(group["MinSize"], FEWEST) and len(zones) >= 2,
            f"{group['AutoScalingGroupName']}: {len(running)} in service of {group['MinSize']} to {group['MaxSize']}, "
            f"in {len(zones)} zones",
        )


def services(site: Site) -> Iterator[Fact]:
    """Every service runs what it wants to run, and two copies of each API service."""
    cluster = site.export("ClusterName", of="compute")
    ecs = site.client("ecs")
    arns = list(pages(ecs, "list_services", "serviceArns", cluster=cluster))
    running: dict[str, int] = {}
    for start in range(0, len(arns), 10):
        for each in ecs.describe_services(cluster=cluster, services=arns[start : start + 10])["services"]:
            running[each["serviceName"]] = each["runningCount"]
            if each["runningCount"] != each["desiredCount"]:
                yield Fact(False, f"{each['serviceName']} runs {each['runningCount']} of {each['desiredCount']}")
    for service in SERVICES:
        copies = sum(count for name, count in running.items() if f"-{service.name}-" in f"{name}-")
        yield Fact(copies >= FEWEST, f"{service.name} has {copies} copies")
    for name, says in SINGLES.items():
        copies = sum(count for key, count in running.items() if name in key.split("-"))
        yield Fact(copies >= 1, f"{says}: {copies} running")


def targets(site: Site) -> Iterator[Fact]:
    """Everything that the load balancer sends requests to is healthy."""
    elb = site.client("elbv2")
    for service in SERVICES:
        states: list[str] = []
        for slot in ("Blue", "Green"):
            full_name = site.export(f"{service.name}-{slot}TargetGroup", of=f"service-{service.name}")
            group = elb.describe_target_groups(Names=[full_name.split("/")[1]])["TargetGroups"][0]["TargetGroupArn"]
            described = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
            states += [each["TargetHealth"]["State"] for each in described]
        serving = [state for state in states if state != "draining"]
        healthy = serving.count("healthy")
        yield Fact(
            healthy >= FEWEST and healthy == len(serving),
            f"{service.name}: {healthy} healthy of {len(serving)} targets",
        )


CHECKS = (
    Check("API responding on the load balancer", api),
    Check("Auto-scaling groups operational", fleets),
    Check("Services running", services),
    Check("Health checks passing", targets),
)
