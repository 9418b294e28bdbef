"""What a new stack needs that no other stack exports: an image, secrets, an issued certificate."""

import re
from collections.abc import Iterator
from typing import Any

from accunode_infra.aws import Session, explained
from accunode_infra.errors import RefusedError
from accunode_infra.output import Output
from accunode_infra.resolve import Resolved
from accunode_infra.stacks import Stack

_SECRET = re.compile(r"\{\{resolve:ssm-secure:([^}:]+)|:parameter(/accunode/[\w./-]+)")
_RUN_BY_WORKER = frozenset({"worker", "relay", "migrate"})


def image_parameter(stack: Stack) -> str | None:
    """The parameter that a new stack takes its first image in; None for stacks that run none."""
    if stack.service is not None:
        return "BlueImage"
    return "Image" if stack.name in _RUN_BY_WORKER else None


def image_name(stack: Stack) -> str:
    """The image that a stack runs; the worker's holds relay and migrations too."""
    return stack.service.name if stack.service else "worker"


def unknown_image(session: Session, stack: Stack) -> str:
    """A reference that stands for the image until it is known."""
    return f"{session.account}.dkr.ecr.{session.region}.amazonaws.com/accunode/{image_name(stack)}@sha256:{'0' * 64}"


def migrate(session: Session, environment: str, output: Output, key: str) -> None:
    """Prepare the database by the task of the migrate stack; the first services start only after it.

    Raises:
        FailedError: The task failed, or does not end.
    """
    from accunode_infra.release.oneoff import run
    from accunode_infra.release.site import Site

    output.say("The database is being prepared.")
    with explained():
        run(Site(session, environment, output), key)


def missing_secrets(session: Session, wanted: Resolved) -> list[str]:
    """The names of the secrets that a stack's resources read and the parameter store does not have."""
    names = sorted({found for resource in wanted.resources.values() for found in secrets_of(resource.properties)})
    missing: list[str] = []
    for start in range(0, len(names), 10):
        with explained():
            missing += session.client("ssm").get_parameters(Names=names[start : start + 10])["InvalidParameters"]
    return sorted(missing)


def secrets_of(value: Any) -> Iterator[str]:
    """The names of the parameters that a resource's properties read, as text or as an ARN."""
    if isinstance(value, str):
        for by_name, by_arn in _SECRET.findall(value):
            yield by_name or by_arn
    elif isinstance(value, list):
        for each in value:
            yield from secrets_of(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in {"PolicyDocument", "AssumeRolePolicyDocument", "Policies"}:
                yield from secrets_of(each)


def refuse_unproved_domain(session: Session, wanted: Resolved) -> None:
    """Refuse an edge whose certificate is not issued, or whose zone is not there: its listener would fail.

    Raises:
        RefusedError: The certificate is not issued, or is for another name, or the hosted zone does not exist.
    """
    arn, zone = wanted.parameters.get("CertificateArn"), wanted.parameters.get("HostedZoneId")
    domain = str(wanted.parameters.get("DomainName", ""))
    if arn:
        refuse_certificate(session, str(arn), domain)
    if zone:
        refuse_zone(session, str(zone), domain)


def refuse_certificate(session: Session, arn: str, domain: str) -> None:
    """Raises RefusedError unless the certificate is issued for the domain, in this region."""
    client = session.client("acm")
    try:
        found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    except client.exceptions.ResourceNotFoundException:
        raise RefusedError(
            f"There is no certificate {arn} in {session.region}: a load balancer takes one of its own region only."
        ) from None
    if found["Status"] != "ISSUED":
        record = next(
            (each["ResourceRecord"] for each in found.get("DomainValidationOptions", []) if "ResourceRecord" in each),
            None,
        )
        how = (
            f"add the record {record['Name']} {record['Type']} {record['Value']} to the domain"
            if record
            else "prove the domain"
        )
        raise RefusedError(
            f"The certificate for {found['DomainName']} is {found['Status']}, not issued: {how}, and wait."
        )
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    if not any(_covers(name, domain) for name in names):
        raise RefusedError(f"The certificate {arn} is for {', '.join(sorted(names))}, and the domain is {domain}.")


def refuse_zone(session: Session, zone: str, domain: str) -> None:
    """Raises RefusedError unless the hosted zone exists and holds the domain."""
    client = session.client("route53")
    try:
        name = client.get_hosted_zone(Id=zone)["HostedZone"]["Name"].rstrip(".")
    except client.exceptions.NoSuchHostedZone:
        raise RefusedError(f"There is no hosted zone {zone}: `aws route53 list-hosted-zones` lists them.") from None
    if domain != name and not domain.endswith(f".{name}"):
        raise RefusedError(f"The hosted zone {zone} is for {name}, and {domain} is not in it.")


def _covers(name: str, domain: str) -> bool:
    return name == domain or (name.startswith("*.") and domain.partition(".")[2] == name[2:])
