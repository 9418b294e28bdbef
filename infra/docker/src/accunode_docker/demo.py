"""Loads the demo into a composed stack, through its gateway, and keeps the sign-ins. Doing it again changes nothing."""

from pathlib import Path

from pydantic import SecretStr

from accunode_common.environment import Concern, ProcessSettings
from accunode_common.settings import DatabaseSettings
from accunode_devstack.demo.loader import Installation, load_demo, write_sign_ins
from accunode_devstack.demo.people import analyst
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import State
from accunode_docker.errors import DockerError


class LoadingSettings(Concern):
    """Whom the demo is loaded for, and where."""

    demo_password: SecretStr
    """The password of all demo users."""
    gateway_url: str
    """Where the API is reached from here."""
    public_url: str
    """Where people reach it."""
    demo_folder: Path = Path("/var/lib/accunode")
    """Where `demo.json` is kept."""


class DemoSettings(ProcessSettings):
    """What loading needs; the database is the auth service's, as the first administrator has nobody to invite them."""

    database: DatabaseSettings
    demo: LoadingSettings


def load(settings: DemoSettings) -> str:
    """Load what is missing; tells the addresses and a sign-in.

    Raises:
        DockerError: The product refuses a step.
    """
    installation = Installation(settings.demo.gateway_url, settings.database.url.get_secret_value())
    try:
        users = load_demo(installation, settings.demo.demo_password.get_secret_value(), lambda _: None).users
    except DevstackError as error:
        raise DockerError(str(error)) from None
    write_sign_ins(State(settings.demo.demo_folder).demo, settings.demo.public_url, users)
    person = analyst(users)
    return "\n".join(
        (
            "AccuNode is ready.",
            f"  Address        {settings.demo.public_url}",
            f"  Documentation  {settings.demo.public_url}/api/v1/docs",
            f"  Sign-in        {person.email}  {person.password}",
        )
    )


def kept(folder: Path) -> str:
    """The demo's sign-ins as JSON, as they were last written.

    Raises:
        DockerError: The demo has not been loaded.
    """
    try:
        return State(folder).demo.read_text()
    except FileNotFoundError:
        raise DockerError("The demo has not been loaded yet.") from None
