"""Publishes one image to Amazon ECR under its commit, and names it by digest."""

import base64
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from accunode_docker.errors import DockerError
from accunode_docker.images import Image, build, docker, revision

REPOSITORY_PREFIX = "accunode/"


@dataclass(frozen=True)
class Pushed:
    """An image in the registry. `reference` ends in `@sha256:…`; `fresh` is False when it was there before."""

    reference: str
    tag: str
    fresh: bool


class Registry:
    """An account's ECR registry.

    Credentials, region and endpoint come from where boto3 takes them: `AWS_PROFILE`, `AWS_REGION`,
    `AWS_ENDPOINT_URL_ECR` or the machine's role; or from a client of ECR that is given.
    """

    def __init__(self, region: str | None = None, *, client: Any = None) -> None:
        self._client = client or boto3.client("ecr", region_name=region)

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest of what has the tag; None when nothing has.

        Raises:
            DockerError: The repository does not exist, or the registry refuses.
        """
        try:
            found = self._client.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ImageNotFoundException":
                return None
            if code == "RepositoryNotFoundException":
                raise DockerError(f"The registry has no repository {repository}: deploy it first.") from None
            raise DockerError(f"The registry refuses: {error}") from None
        except BotoCoreError as error:
            raise DockerError(f"The registry cannot be asked: {error}") from None
        return str(found["imageDetails"][0]["imageDigest"])

    def sign_in(self, folder: Path) -> str:
        """Write docker's configuration for this registry into `folder`; returns the registry's host.

        The token holds for twelve hours and is thrown away with the folder.
        """
        granted = self._client.get_authorization_token()["authorizationData"][0]
        host: str = urlsplit(granted["proxyEndpoint"]).netloc
        user, _, password = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
        entry = base64.b64encode(f"{user}:{password}".encode()).decode()
        configuration = folder / "config.json"
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps({"auths": {host: {"auth": entry}}}))
        return host


def push(image: Image, *, registry: Registry, allow_dirty: bool = False, platform: str | None = None) -> Pushed:
    """Build an image from the commit that is checked out, and push it. A commit that is there already stays.

    `platform` is what it is built for, such as `linux/arm64`; None for this machine's own.

    Raises:
        DockerError: Files differ from the commit, the build fails, or the registry refuses or holds something else.
    """
    tag = revision()
    if tag.endswith("-dirty") and not allow_dirty:
        raise DockerError("Files differ from the commit: commit them first, so that the tag tells what is inside.")
    repository = REPOSITORY_PREFIX + image.name
    there = registry.digest(repository, tag)
    with tempfile.TemporaryDirectory() as folder:
        host = registry.sign_in(Path(folder))
        if there is not None:
            return Pushed(f"{host}/{repository}@{there}", tag, fresh=False)
        local = build(image, tag, revision=tag, extra=("--platform", platform) if platform else ())
        remote = f"{host}/{repository}:{tag}"
        docker("tag", local, remote)
        docker("push", "--quiet", remote, environment=os.environ | {"DOCKER_CONFIG": folder})
        names: list[str] = json.loads(docker("image", "inspect", "--format", "{{json .RepoDigests}}", remote))
        docker("image", "rm", remote)
    pushed = next(name for name in names if name.startswith(f"{host}/{repository}@"))
    if registry.digest(repository, tag) != pushed.partition("@")[2]:
        raise DockerError(f"The registry holds something else under {repository}:{tag} than what was pushed.")
    return Pushed(pushed, tag, fresh=True)
