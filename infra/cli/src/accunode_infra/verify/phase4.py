"""Phase 4, load balancing and scaling: requests are spread, fleets follow the load, TLS is on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from accunode_common.routing import SERVICES
from accunode_infra.release.alarms import environment_alarms
from accunode_infra.release.site import Site, pages
from accunode_infra.verify.model import Check, Fact

LOOK_BACK = timedelta(hours=1)
SILENCE = timedelta(minutes=5)
RENEWAL = timedelta(days=30)
TLS_POLICIES = ("ELBSecurityPolicy-TLS13-1-2", "ELBSecurityPolicy-TLS13-1-3", "ELBSecurityPolicy-FS-1-2")


def spread(site: Site) -> Iterator[Fact]:
    """Requests of the last hour went to every zone that has targets."""
    balancer = site.export("LoadBalancerFullName", of="edge")
    name = balancer.split("/")[1]
    described = site.client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]
    zones = sorted(each["ZoneName"] for each in described["AvailabilityZones"])
    yield Fact(len(zones) >= 2, f"the load balancer stands in {', '.join(zones)}")
    for zone in zones:
        dimensions = [{"Name": "LoadBalancer", "Value": balancer}, {"Name": "AvailabilityZone", "Value": zone}]
        count = _sum(site, "AWS/ApplicationELB", "RequestCount", dimensions, LOOK_BACK)
        yield Fact(True if count else None, f"{count:.0f} requests in {zone} within an hour")


def limits(site: Site) -> Iterator[Fact]:
    """Each service has limits, and policies that act on alarms."""
    scaling = site.client("application-autoscaling")
    cluster = site.export("ClusterName", of="compute")
    found = pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    ours = [each for each in found if each["ResourceId"].startswith(f"service/{cluster}/")]
    policies = list(pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs"))
    alarms = environment_alarms(site)
    for name in (*(service.name for service in SERVICES), "worker"):
        targets = [each for each in ours if name in each["ResourceId"].rpartition("/")[2]]
        if not targets:
            yield Fact(False, f"{name} has no limits")
        for target in targets:
            acting = [each["PolicyARN"] for each in policies if each["ResourceId"] == target["ResourceId"]]
            wired = {arn for alarm in alarms for arn in alarm.get("AlarmActions", []) if arn in acting}
            short = target["ResourceId"].rpartition("/")[2]
            yield Fact(
                len(wired) >= 2,
                f"{short}: {target['MinCapacity']} to {target['MaxCapacity']}, {len(wired)} policies with alarms",
            )


def responding(site: Site) -> Iterator[Fact]:
    """Something has scaled: the last act of each service, if there was one."""
    scaling = site.client("application-autoscaling")
    cluster = site.export("ClusterName", of="compute")
    acts = pages(scaling, "describe_scaling_activities", "ScalingActivities", ServiceNamespace="ecs")
    ours = list(islice((act for act in acts if act["ResourceId"].startswith(f"service/{cluster}/")), 5))
    for act in ours:
        name, status = act["ResourceId"].rpartition("/")[2], act["StatusCode"]
        seen = f"{name}: {act['Description']} ({status}, {act['StartTime']:%F %R})"
        yield Fact(status in {"Successful", "InProgress", "Pending"}, seen)
    if not ours:
        yield Fact(
            None, "nothing has scaled yet: put load on it, or set an alarm off with `accunode-infra alarms test`"
        )


def queue_length(site: Site) -> Iterator[Fact]:
    """The metric that workers scale by is published each minute."""
    dimensions = [{"Name": "Environment", "Value": site.name}]
    points = _points(site, "AccuNode", "QueueLength", dimensions, SILENCE)
    newest = max((point["Timestamp"] for point in points), default=None)
    yield Fact(newest is not None, f"QueueLength was last published {newest or 'more than five minutes ago'}")


def certificates(site: Site) -> Iterator[Fact]:
    """Port 443 has a valid certificate and a TLS policy of today; port 80 leads to it."""
    elb = site.client("elbv2")
    listener = site.export("HttpsListenerArn", of="edge")
    https = elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    policy = https.get("SslPolicy", "")
    yield Fact(policy.startswith(TLS_POLICIES), f"port {https['Port']} speaks TLS by {policy}")
    for held in https.get("Certificates", []):
        yield _certificate(site, held["CertificateArn"])
    for other in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=https["LoadBalancerArn"]):
        if other["Port"] == 80:
            kinds = {action["Type"] for action in other["DefaultActions"]}
            yield Fact(kinds == {"redirect"}, f"port 80: {', '.join(kinds)}")
    url = site.export("PublicUrl", of="edge")
    yield Fact(url.startswith("https://"), f"the public address is {url}")


def _certificate(site: Site, arn: str) -> Fact:
    found = site.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    ends: datetime | None = found.get("NotAfter")
    fresh = ends is None or ends - site.clock.now() > RENEWAL
    until = "" if ends is None else f", until {ends:%F}"
    return Fact(
        found["Status"] == "ISSUED" and fresh, f"the certificate of {found['DomainName']} is {found['Status']}{until}"
    )


def _points(
    site: Site, namespace: str, metric: str, dimensions: list[dict[str, str]], back: timedelta
) -> list[dict[str, Any]]:
    now = site.clock.now()
    found: list[dict[str, Any]] = site.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=now - back,
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return found


def _sum(site: Site, namespace: str, metric: str, dimensions: list[dict[str, str]], back: timedelta) -> float:
    return sum(float(point["Sum"]) for point in _points(site, namespace, metric, dimensions, back))


CHECKS = (
    Check("Load balancer distributing traffic", spread),
    Check("Auto-scaling configured", limits),
    Check("Auto-scaling responding to load", responding),
    Check("Queue length published", queue_length),
    Check("SSL certificates active", certificates),
)
