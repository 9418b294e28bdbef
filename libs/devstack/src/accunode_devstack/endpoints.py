"""Where everything in a running stack is."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from accunode_common.db.access import DatabaseRole
from accunode_common.db.bootstrap import role_url
from accunode_devstack.errors import DevstackError
from accunode_devstack.ports import LOOPBACK
from accunode_devstack.state import State, read_json, write_json

FILE = "endpoints.json"


@dataclass(frozen=True)
class Endpoints:
    """Addresses with the passwords in them: kept in a file of mode 600, and given to processes in their environment.

    `embedded` names the servers that the stack runs itself; the others were given.
    """

    port: int
    admin_url: str = field(repr=False)
    database: str
    passwords: Mapping[str, str] = field(repr=False)
    redis_url: str = field(repr=False)
    storage_url: str
    signing_key_file: str
    mail_url: str
    embedded: tuple[str, ...]
    mfa_key: str = field(default="", repr=False)

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def docs_url(self) -> str:
        return f"{self.base_url}/api/v1/docs"

    @property
    def jwks_url(self) -> str:
        return f"{self.base_url}/.well-known/jwks.json"

    @property
    def metrics_token(self) -> str:
        """What opens `/ready` and `/metrics`: as secret as the servers' addresses, from which it follows."""
        return hashlib.sha256(f"metrics {self.admin_url} {self.redis_url}".encode()).hexdigest()

    def database_url(self, role: DatabaseRole) -> str:
        return role_url(self.admin_url, self.database, role, self.passwords[role])

    def values(self, role: DatabaseRole) -> dict[str, str]:
        """The settings, by the names of their variables, of a process that uses the database as `role`."""
        shared = {
            "database_url": self.database_url(role),
            "redis_url": self.redis_url,
            "storage_url": self.storage_url,
            "jwks_url": self.jwks_url,
            "environment": "local",
            "metrics_token": self.metrics_token,
        }
        mail = {"public_url": self.base_url, "mail_url": self.mail_url}
        if role is DatabaseRole.TENANTS:
            return shared | mail
        if role is not DatabaseRole.AUTH:
            return shared
        return shared | mail | {"signing_key_file": self.signing_key_file, "mfa_key": self.mfa_key}

    def save(self, state: State) -> None:
        write_json(state.secrets / FILE, asdict(self))


def read_endpoints(state: State) -> Endpoints | None:
    """The stack's addresses when it was last started. Raises DevstackError when the file is damaged."""
    path = state.secrets / FILE
    if not path.exists():
        return None
    try:
        content = read_json(path)
        return Endpoints(**content | {"embedded": tuple(content["embedded"])})
    except (TypeError, KeyError):
        raise DevstackError(f"{path} is not readable as the stack's own: `make reset` starts afresh.") from None
