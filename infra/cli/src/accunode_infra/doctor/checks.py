"""The checks: each gives whether it is well and says what it saw, or what to do."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from accunode_infra.aws import Session, explained
from accunode_infra.errors import InfraError, RefusedError
from accunode_infra.planning import DesiredState
from accunode_infra.prerequisites import refuse_certificate, refuse_zone
from accunode_infra.resolve import resolve
from accunode_infra.stackops.standing import standing
from accunode_infra.stacks import parameters, stack, stack_name
from accunode_infra.templates import load

VCPUS_PER_INSTANCE = 2
"""Of a t3.small and of a t4g.small, the sizes of both fleets."""

Usage = Callable[[Session], int]


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, and what was seen or is to be done."""

    name: str
    well: bool
    says: str


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas: its codes, what it counts, and how much of it is used now."""

    service: str
    code: str
    counts: str
    used: Usage


def _vpcs(session: Session) -> int:
    return sum(len(page["Vpcs"]) for page in session.client("ec2").get_paginator("describe_vpcs").paginate())


def _addresses(session: Session) -> int:
    return len(session.client("ec2").describe_addresses()["Addresses"])


def _vcpus(session: Session, *, spot: bool = False) -> int:
    pages = (
        session.client("ec2")
        .get_paginator("describe_instances")
        .paginate(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}])
    )
    instances = [each for page in pages for group in page["Reservations"] for each in group["Instances"]]
    return sum(_cores(each) for each in instances if (each.get("InstanceLifecycle") == "spot") is spot)


def _cores(instance: dict[str, Any]) -> int:
    options = instance.get("CpuOptions", {})
    return int(options.get("CoreCount", 1)) * int(options.get("ThreadsPerCore", 2))


INSTANCES = Quota("ec2", "L-1216C47A", "vCPUs of running on-demand instances", _vcpus)
SPOT = Quota("ec2", "L-34B43A08", "vCPUs of Spot instances", partial(_vcpus, spot=True))
ADDRESSES = Quota("ec2", "L-0263D0A3", "Elastic IP addresses", _addresses)
NETWORKS = Quota("vpc", "L-F678F1CE", "VPCs", _vpcs)


def needs(desired: DesiredState, *, stands: bool) -> dict[Quota, int]:
    """How much of each quota the tier's largest fleets take, beside what stands."""
    compute = resolve(
        load("compute", root=desired.root),
        parameters(
            stack("compute"),
            environment=desired.environment,
            tier=desired.tier,
            variant=desired.variant,
            root=desired.root,
        ),
    ).parameters
    most = int(compute["ApiMaxCount"]) + int(compute["WorkerMaxCount"])
    now = int(compute["ApiMinCount"]) + int(compute["WorkerMinCount"]) if stands else 0
    on_spot = int(compute["WorkerMaxCount"]) - int(compute["OnDemandWorkers"])
    spot = {SPOT: on_spot * VCPUS_PER_INSTANCE} if compute["SpotWorkers"] == "true" and not stands else {}
    return {
        INSTANCES: (most - now) * VCPUS_PER_INSTANCE,
        **spot,
        ADDRESSES: 0 if stands else 1,
        NETWORKS: 0 if stands else 1,
    }


def quotas(session: Session, desired: DesiredState) -> Iterator[Check]:
    """Whether the account's quotas hold what the tier may grow to."""
    stands = standing(session, stack_name(stack("network"), desired.environment)) is not None
    for quota, needed in needs(desired, stands=stands).items():
        try:
            value = session.client("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)[
                "Quota"
            ]["Value"]
        except ClientError as error:
            why = error.response["Error"]["Code"]
            yield Check(f"quota: {quota.counts}", True, f"It could not be read ({why}); {needed:g} more may be needed.")
            continue
        used = quota.used(session)
        well = used + needed <= value
        says = f"{used:g} of {value:g} are used, and up to {needed:g} more are needed"
        more = (
            ""
            if well
            else (
                f": ask for more with `aws service-quotas request-service-quota-increase --service-code "
                f"{quota.service} --quota-code {quota.code} --desired-value {used + needed:g}`"
            )
        )
        yield Check(f"quota: {quota.counts}", well, f"{says}{more}.")


def refuse_small_quotas(session: Session, desired: DesiredState) -> None:
    """Raises RefusedError when a quota does not hold what the tier may grow to."""
    with explained():
        for check in quotas(session, desired):
            if not check.well:
                raise RefusedError(f"The account's {check.name} is too small: {check.says}")


def tools() -> Iterator[Check]:
    """Whether the programs are there that pushes and plain deploys need."""
    for name, command, why in (
        ("git", ["git", "--version"], "it names what is released"),
        ("docker", ["docker", "version", "--format", "{{.Server.Version}}"], "it builds and pushes images"),
        ("docker buildx", ["docker", "buildx", "version"], "it builds images for both processors"),
        ("aws", ["aws", "--version"], "the AWS CLI, version 2, does everything by hand that this does"),
    ):
        if shutil.which(command[0]) is None:
            yield Check(name, name == "aws", f"It is not installed: {why}.")
            continue
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        told = (found.stdout or found.stderr).strip().splitlines()
        well = found.returncode == 0 and (name != "aws" or "aws-cli/1." not in found.stdout)
        if name == "aws" and not well and told:
            yield Check(name, False, f"{told[0]} is not version 2: install that, as docs/deploy.md says.")
            continue
        yield Check(name, well, told[0] if told else f"It does not answer: {why}.")


def domain(session: Session, desired: DesiredState) -> Iterator[Check]:
    """Whether the certificate of the domain is issued, and its zone there, as given or as deployed."""
    there = standing(session, stack_name(stack("edge"), desired.environment))
    given = {**(there.parameters if there is not None else {}), **desired.overrides.get("edge", {})}
    if not given.get("DomainName"):
        yield Check("domain", False, "None is given yet: `--set edge.DomainName=api.example.com` names it.")
        return
    name = given["DomainName"]
    if arn := given.get("CertificateArn"):
        yield _as_check("certificate", f"It is issued for {name}.", lambda: refuse_certificate(session, arn, name))
    if zone := given.get("HostedZoneId"):
        yield _as_check("hosted zone", f"{name} is in it.", lambda: refuse_zone(session, zone, name))
    if not given.get("CertificateArn") and not given.get("HostedZoneId"):
        yield Check("certificate", False, "Give edge.CertificateArn, or edge.HostedZoneId for one proved by DNS.")


def _as_check(name: str, well: str, refuse: Callable[[], None]) -> Check:
    try:
        with explained():
            refuse()
    except InfraError as error:
        return Check(name, False, str(error))
    return Check(name, True, well)
