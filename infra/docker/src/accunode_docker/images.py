"""The images: what they are built from, and how large each may be above its base."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accunode_docker.errors import DockerError

MEGABYTE = 1_000_000
REPOSITORY = Path(__file__).resolve().parents[4]
DOCKERFILE = "infra/docker/Dockerfile"
PYTHON_BASE = "python:3.11-slim-bookworm"
GATEWAY_BASE = "nginx:1.27"


@dataclass(frozen=True)
class Image:
    """An image of the product.

    Attributes:
        name: Its target in the Dockerfile, its name in compose, and in registries below `accunode/`.
        limit: Megabytes that it may have above its base; None for what never leaves a developer's machine.
        base: The image it stands on.
    """

    name: str
    limit: int | None
    base: str = PYTHON_BASE

    def reference(self, tag: str) -> str:
        """The image's local name."""
        return f"accunode/{self.name}:{tag}"


IMAGES = (
    Image("auth", 160),
    Image("tenants", 150),
    Image("predictions", 190),
    Image("bulk-upload", 190),
    Image("worker", 420),
    Image("gateway", None, base=GATEWAY_BASE),
    Image("setup", None),
)


@dataclass(frozen=True)
class Measured:
    """An image's bytes: all of them, and those above its base."""

    image: Image
    total: int
    above: int

    @property
    def fits(self) -> bool:
        """Whether it keeps to its limit."""
        return self.image.limit is None or self.above <= self.image.limit * MEGABYTE


def image_named(name: str) -> Image:
    """The image of that name.

    Raises:
        DockerError: There is none.
    """
    for image in IMAGES:
        if image.name == name:
            return image
    raise DockerError(f"There is no image {name}: they are {', '.join(image.name for image in IMAGES)}.")


def build(image: Image, tag: str, *, revision: str, root: Path = REPOSITORY, extra: Sequence[str] = ()) -> str:
    """Build an image from the sources below `root`; returns its local name.

    Raises:
        DockerError: The build fails.
    """
    reference = image.reference(tag)
    arguments = ("--file", str(root / DOCKERFILE), "--target", image.name, "--build-arg", f"REVISION={revision}")
    docker("build", "--quiet", "--tag", reference, *arguments, *extra, str(root))
    return reference


def measure(image: Image, tag: str) -> Measured:
    """How large an image is.

    Raises:
        DockerError: It is not there.
    """
    total, base = (
        int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (image.reference(tag), image.base)
    )
    return Measured(image, total, total - base)


def revision(root: Path = REPOSITORY) -> str:
    """The commit that is checked out, with `-dirty` when files differ from it; `unknown` outside of a checkout."""
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty", "--match", "no-tag"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def docker(*arguments: str, environment: dict[str, str] | None = None, stdin: str | None = None) -> str:
    """What a docker command prints.

    Raises:
        DockerError: There is no docker, or it fails; the message holds the end of what it said.
    """
    try:
        done = subprocess.run(  # noqa: S603
            ["docker", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            input=stdin,
        )
    except FileNotFoundError:
        raise DockerError("Docker is not installed here.") from None
    if done.returncode != 0:
        end = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise DockerError(f"docker {arguments[0]} failed:\n{end}")
    return done.stdout.strip()
