"""What tests need around them: real accounts, a Docker engine. Without it they are skipped, or fail."""

import functools
import os
import shutil
import subprocess
from typing import NoReturn

import pytest

REQUIRED = "ACCUNODE_REQUIRE_SHARED"


def absent(what: str, *required_by: str) -> NoReturn:
    """Skip what cannot be tried here; fail where `ACCUNODE_REQUIRE_SHARED` or a variable that is named is set."""
    if any(os.environ.get(variable) for variable in (REQUIRED, *required_by)):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def without_containers(why: str) -> NoReturn:
    """Say that there are no containers here. Whatever calls itself `CI` has an engine, so there it is a failure."""
    absent(why, "CI")


@functools.cache
def why_no_images(*images: str) -> str | None:
    """None when an engine answers and has the images or can pull them, else the reason in a sentence."""
    # The engine's own client asks: docker-py leaves a socket open when nobody answers.
    if not _docker("version"):
        return "no Docker engine answers here"
    missing = [image for image in images if not (_docker("image", "inspect", image) or _docker("pull", "-q", image))]
    return f"{', '.join(missing)} can neither be found nor pulled here" if missing else None


def _docker(*arguments: str) -> bool:
    command = shutil.which("docker")
    if command is None:
        return False
    return subprocess.run([command, *arguments], capture_output=True, check=False).returncode == 0
