"""One file builds every image, and each installs its own distribution and the libraries of ours that it names."""

import re
import subprocess
import sys

import pytest

from accunode_docker.images import DOCKERFILE, IMAGES, REPOSITORY

TEXT = (REPOSITORY / DOCKERFILE).read_text()
INSTALLED = dict(
    re.findall(r"^FROM \S+-packages AS (\S+)-product\n(?:.*\\\n)*?.*install\.sh product (\S+)", TEXT, re.M)
)


def folders(distribution: str) -> set[str]:
    """What the Dockerfile's script installs of ours for a distribution."""
    script = REPOSITORY / "infra/docker/distributions.py"
    done = subprocess.run(
        [sys.executable, script, distribution], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return {name.removeprefix("./") for name in done.stdout.split()}


def test_every_image_is_a_target_of_the_one_file() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", TEXT, re.M))
    assert {image.name for image in IMAGES} <= stages
    others = {str(file.relative_to(REPOSITORY)) for file in REPOSITORY.glob("*/*/Dockerfile")}
    assert others == {DOCKERFILE}


def test_an_image_takes_the_requirements_of_what_it_installs() -> None:
    taken = dict(re.findall(r"^FROM build AS (\S+)-packages\nCOPY (\S+)/requirements\.txt", TEXT, re.M))
    assert taken == INSTALLED
    assert set(INSTALLED) == {image.name for image in IMAGES} - {"gateway"}


@pytest.mark.parametrize("image", sorted(set(INSTALLED) - {"setup"}))
def test_an_image_installs_its_own_distribution_and_libraries_only(image: str) -> None:
    own = INSTALLED[image]
    installed = folders(own)
    assert {own, "libs/common"} <= installed
    assert {name for name in installed if not name.startswith("libs/")} == {own}
    assert "libs/devstack" not in installed


def test_the_one_shot_tools_install_every_deployable() -> None:
    assert {INSTALLED[image.name] for image in IMAGES if image.name in INSTALLED} <= folders("infra/docker")
