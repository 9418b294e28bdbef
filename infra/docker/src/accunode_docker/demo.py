"""Loads the demo into a composed stack, through its gateway, and keeps the sign-ins. Doing it again changes nothing."""

from pathlib import Path

from pydantic import SecretStr

from accunode_common.settings import DatabaseSettings
from accunode_devstack.demo.loader import Installation, load_demo, write_sign_ins
from accunode_devstack.demo.people import analyst
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import State
from accunode_docker.errors import DockerError


class DemoSettings(DatabaseSettings):
    """What loading needs.

    Attributes:
        database_url: The auth service's: the first administrator has nobody to invite them.
        demo_password: The password of all demo users.
        gateway_url: Where the API is reached from here.
        public_url: Where people reach it.
        demo_folder: Where `demo.json` is kept.
    """

    demo_password: SecretStr
    gateway_url: str
    public_url: str
    demo_folder: Path = Path("/var/lib/accunode")


def load(settings: DemoSettings) -> str:
    """Load what is missing; tells the addresses and a sign-in.

    Raises:
        DockerError: The product refuses a step.
    """
    installation = Installation(settings.gateway_url, settings.database_url.get_secret_value())
    try:
        users = load_demo(installation, settings.demo_password.get_secret_value(), lambda _: None).users
    except DevstackError as error:
        raise DockerError(str(error)) from None
    write_sign_ins(State(settings.demo_folder).demo, settings.public_url, users)
    person = analyst(users)
    return "\n".join(
        (
            "AccuNode is ready.",
            f"  Address        {settings.public_url}",
            f"  Documentation  {settings.public_url}/api/v1/docs",
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
