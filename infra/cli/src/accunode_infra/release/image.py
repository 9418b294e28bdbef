"""The image of a release: that the registry has it, what it is made for, and what its scan found."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from accunode_docker.errors import DockerError
from accunode_docker.images import image_named
from accunode_infra.aws import code_of
from accunode_infra.errors import RefusedError
from accunode_infra.release.site import Site

SCAN_LIMIT = timedelta(minutes=5)
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ECS_NAMES = {"amd64": "x86_64", "arm64": "arm64"}


class NoImageError(RefusedError):
    """The registry does not have an image of that tag or digest."""


@dataclass(frozen=True)
class Made:
    """An image in the registry.

    Attributes:
        reference: Its name, ending in `@sha256:…`.
        tag: A tag that it has, preferably its commit; empty when it has none.
        digests: Its digest, and those of its variants when it is an index: what a running copy may report.
        architectures: What it is made for, as ECS calls them.
    """

    reference: str
    tag: str
    digests: frozenset[str]
    architectures: frozenset[str]

    @property
    def digest(self) -> str:
        """`sha256:…`."""
        return self.reference.partition("@")[2]

    @property
    def repository(self) -> str:
        """Its repository, such as `accunode/auth`."""
        return repository_of(self.reference)


def repository_of(reference: str) -> str:
    """The repository of a reference by digest."""
    return reference.partition("@")[0].partition("/")[2]


def find(site: Site, repository: str, name: str) -> Made:
    """The image of a repository that a digest, a tag or a whole reference names.

    Raises:
        RefusedError: The registry does not have it, it belongs to another repository, or its tag is another image's.
    """
    wanted, tag = _wanted(repository, name)
    key = "imageDigest" if wanted.startswith("sha256:") else "imageTag"
    ecr = site.client("ecr")
    try:
        known = ecr.describe_images(repositoryName=repository, imageIds=[{key: wanted}])["imageDetails"][0]
    except ClientError as error:
        if code_of(error) == "RepositoryNotFoundException":
            raise RefusedError(
                f"The registry has no repository {repository}: deploy the stack accunode-registry."
            ) from None
        if code_of(error) in {"ImageNotFoundException", "InvalidParameterException"}:
            raise NoImageError(
                f"{repository} holds no image {wanted}: push it first, or name one that "
                f"`aws ecr describe-images --repository-name {repository}` lists."
            ) from None
        raise
    digest: str = known["imageDigest"]
    if tag and tag not in known.get("imageTags", []):
        there = find(site, repository, tag).digest
        raise RefusedError(
            f"In {repository}, {tag} stands for {there[:19]} and not for {digest[:19]}: name only one of the two."
        )
    registry = f"{known['registryId']}.dkr.ecr.{site.session.region}.{_suffix(site)}"
    variants, architectures = _made_for(site, repository, digest)
    return Made(
        reference=f"{registry}/{repository}@{digest}",
        tag=next(iter(known.get("imageTags", [])), ""),
        digests=frozenset({digest, *variants}),
        architectures=frozenset(_ECS_NAMES.get(each, each) for each in architectures),
    )


def _wanted(repository: str, name: str) -> tuple[str, str]:
    """The digest or tag that a name means, and the tag that it names beside a digest."""
    path, _, digest = name.partition("@")
    place, _, tag = path.rpartition(":") if ":" in path.rpartition("/")[2] else (path, "", "")
    if "/" in name and not place.endswith(repository):
        raise RefusedError(f"{name} is not an image of {repository}: give one of that repository, or its digest alone.")
    if digest:
        return digest, tag
    return (tag, "") if place.endswith(repository) else (name, "")


def _suffix(site: Site) -> str:
    return "amazonaws.com.cn" if site.session.partition == "aws-cn" else "amazonaws.com"


def _made_for(site: Site, repository: str, digest: str) -> tuple[list[str], list[str]]:
    ecr = site.client("ecr")
    found = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=[*_INDEXES, *_MANIFESTS]
    )
    manifest: dict[str, Any] = json.loads(found["images"][0]["imageManifest"])
    if "manifests" in manifest:
        variants = [each for each in manifest["manifests"] if each["platform"]["architecture"] != "unknown"]
        return [each["digest"] for each in variants], [each["platform"]["architecture"] for each in variants]
    layer = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=manifest["config"]["digest"])
    configuration = site.ask(layer["downloadUrl"], {}).raise_for_status().json()
    return [], [configuration["architecture"]]


def refuse_wrong_architecture(site: Site, made: Made, cluster: str, pool: str) -> None:
    """Refuse an image that the instances of its pool cannot run.

    Raises:
        RefusedError: They are of another architecture.
    """
    ecs = site.client("ecs")
    arns = ecs.list_container_instances(cluster=cluster, status="ACTIVE")["containerInstanceArns"]
    if not arns:
        return  # the wait for copies says so, with ECS's own reason
    instances = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
    needed = {
        each["value"]
        for instance in instances
        if instance.get("capacityProviderName", pool) == pool
        for each in instance["attributes"]
        if each["name"] == "ecs.cpu-architecture"
    }
    if missing := needed - made.architectures:
        has = ", ".join(sorted(made.architectures))
        raise RefusedError(
            f"The instances of {pool} are {', '.join(sorted(missing))} and {made.repository} at {made.digest[:19]} is "
            f"made for {has}: build it with `docker build --platform`, or for both."
        )


def refuse_critical(site: Site, made: Made, *, accepted: Collection[str] = ()) -> None:
    """Refuse an image in which the registry's scan found something critical; waits for the scan to end.

    Args:
        site: The environment.
        made: The image.
        accepted: Findings that are known and accepted, such as `CVE-2026-1234`.

    Raises:
        RefusedError: There are critical findings, or the scan has no result.
    """
    scanned = made.digests - {made.digest} or made.digests
    found = sorted({name for digest in sorted(scanned) for name in _critical(site, made.repository, digest)})
    if left := [name for name in found if name not in accepted]:
        raise RefusedError(
            f"The scan of {made.repository} at {made.digest[:19]} found {len(left)} critical: {', '.join(left[:10])}; "
            "build it on mended packages, or accept each by name with --accept."
        )


def _critical(site: Site, repository: str, digest: str) -> list[str]:
    ecr = site.client("ecr")
    image = {"repositoryName": repository, "imageId": {"imageDigest": digest}}

    def look() -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = ecr.describe_image_scan_findings(**image)
        except ClientError as error:
            if code_of(error) != "ScanNotFoundException":
                raise
            ecr.start_image_scan(**image)
            return None
        return None if answer["imageScanStatus"]["status"] in {"IN_PROGRESS", "PENDING"} else answer

    answer = site.until(look, limit=SCAN_LIMIT)
    status = answer["imageScanStatus"]["status"] if answer else "still under way"
    if answer is None or status not in {"COMPLETE", "ACTIVE"}:
        raise RefusedError(
            f"The scan of {repository} at {digest[:19]} is {status}: look at it in ECR, or give --no-scan."
        )
    findings = answer["imageScanFindings"]
    listed = [
        *(each["name"] for each in findings.get("findings", []) if each["severity"] == "CRITICAL"),
        *(each["title"] for each in findings.get("enhancedFindings", []) if each["severity"] == "CRITICAL"),
    ]
    counted = findings.get("findingSeverityCounts", {}).get("CRITICAL", 0)
    return listed + [f"{counted} unnamed"] * (counted > 0 and not listed)


def push_commit(site: Site, name: str, *, platform: str | None = None) -> str:
    """Build an image from the commit that is checked out, and push it; gives its tag. What is there already stays.

    Args:
        site: The environment.
        name: The image, of `accunode_docker.images`.
        platform: What it is built for, such as `linux/arm64`; None for this machine's own.

    Raises:
        RefusedError: Files differ from the commit, the build fails, or the registry refuses.
    """
    from accunode_docker.push import Registry, push

    try:
        pushed = push(image_named(name), registry=Registry(client=site.client("ecr")), platform=platform)
    except DockerError as error:
        raise RefusedError(str(error)) from None
    site.output.say(f"{name}: {'pushed' if pushed.fresh else 'the registry has'} {pushed.tag}")
    return pushed.tag
