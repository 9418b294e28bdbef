"""What an image holds: no more than it runs, as somebody without rights, described, and within its size."""

import docker
import pytest
from tests.integration.stacks import TAG, ContainerStack

from accunode_docker.images import IMAGES, Image, measure

pytestmark = pytest.mark.containers

DEPLOYED = [image for image in IMAGES if image.limit]
FOREIGN = {
    "auth": [
        "numpy",
        "pyarrow",
        "celery",
        "lightgbm",
        "obstore",
        "accunode_tenants",
        "accunode_ml",
        "accunode_devstack",
    ],
    "tenants": ["pyarrow", "celery", "lightgbm", "obstore", "accunode_auth", "accunode_ml"],
    "predictions": ["pyarrow", "celery", "lightgbm", "obstore", "accunode_auth", "accunode_ml"],
    "bulk-upload": ["pyarrow", "celery", "lightgbm", "accunode_predictions", "accunode_ml"],
    "worker": ["fastapi", "uvicorn", "lightgbm", "sklearn", "matplotlib", "accunode_bulk_upload", "accunode_devstack"],
}


@pytest.fixture(params=DEPLOYED, ids=lambda image: image.name)
def image(request: pytest.FixtureRequest, containers: ContainerStack) -> Image:
    """Each image that is deployed, built."""
    found: Image = request.param
    return found


def test_an_image_keeps_to_its_size(image: Image) -> None:
    measured = measure(image, TAG)
    assert measured.fits, f"{image.name} has {measured.above / 1e6:.1f} MB above its base, the limit is {image.limit}"


def test_an_image_is_described_and_runs_without_rights(image: Image, docker_client: docker.DockerClient) -> None:
    settings = docker_client.images.get(image.reference(TAG)).attrs["Config"]
    assert settings["User"] == "10001:10001"
    assert isinstance(settings["Entrypoint"], list)
    assert settings["Entrypoint"][0] != "/bin/sh"
    assert settings["Healthcheck"]["Test"][0] == "CMD"
    labels = {f"org.opencontainers.image.{name}" for name in ("title", "description", "version", "revision")}
    assert labels <= set(settings["Labels"])


def test_an_image_has_only_what_it_runs(image: Image, docker_client: docker.DockerClient) -> None:
    script = (
        "import importlib.util, os, shutil, sys;"
        "print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name)],"
        " *[tool for tool in ('gcc', 'cc', 'make', 'strip') if shutil.which(tool)],"
        " *[path for path in ('/opt/product', '/opt/accunode', '/etc') if os.access(path, os.W_OK)])"
    )
    found = docker_client.containers.run(
        image.reference(TAG), ["-c", script, "pip", "pytest", *FOREIGN[image.name]], entrypoint="python", remove=True
    )
    assert found.decode().split() == []
