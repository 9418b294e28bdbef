"""Loads the demo into a composed stack, through its gateway, and keeps the sign-ins. Doing it again changes nothing."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from accunode_common.db.access import DatabaseRole
from accunode_common.settings import DatabaseSettings
from accunode_devstack.demo.loader import load_demo
from accunode_devstack.demo.people import analyst
from accunode_devstack.endpoints import Endpoints
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


@dataclass(frozen=True)
class _ContainerEndpoints(Endpoints):
    """The endpoints that loading uses, with the gateway under another address than this machine's."""

    gateway_url: str

    @property
    def base_url(self) -> str:
        return self.gateway_url


def load(settings: DemoSettings) -> str:
    """Load what is missing; tells the addresses and a sign-in.

    Raises:
        DockerError: The product refuses a step.
    """
    database = make_url(settings.database_url.get_secret_value())
    endpoints = _ContainerEndpoints(
        port=0,
        admin_url=settings.database_url.get_secret_value(),
        database=str(database.database),
        passwords={DatabaseRole.AUTH: str(database.password)},
        redis_url="",
        storage_url="",
        signing_key_file="",
        mail_url="",
        gateway_url=settings.gateway_url,
    )
    state = State(settings.demo_folder)
    try:
        users = load_demo(state, endpoints, settings.demo_password.get_secret_value(), lambda _: None)
    except DevstackError as error:
        raise DockerError(str(error)) from None
    content = json.loads(state.demo.read_text()) | {"base_url": settings.public_url}
    state.demo.write_text(json.dumps(content, indent=2) + "\n")
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
