"""Secrets in Parameter Store: SecureString parameters below `/accunode/{env}/{reader}/`. No value is ever shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accunode_common.db.access import DatabaseRole
from accunode_infra.aws import parameter
from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.release.site import Site, pages

ROLES = {
    "auth": DatabaseRole.AUTH,
    "tenants": DatabaseRole.TENANTS,
    "predictions": DatabaseRole.PREDICTIONS,
    "bulk-upload": DatabaseRole.BULK,
    "worker": DatabaseRole.WORKER,
    "relay": DatabaseRole.RELAY,
}
"""Who uses the database, and as which role."""

SIGNING_KEYS, MFA_KEY = ("auth", "signing-keys"), ("auth", "mfa-key")
ADMIN_URL, ROLE_PASSWORDS = ("migrate", "admin-url"), ("migrate", "role-passwords")
MASTER_PASSWORD = ("data", "master-password")
AUTH_TOKEN, METRIC_TOKEN = ("cache", "auth-token"), ("queue-metric", "redis-token")
OPTIONAL = (("auth", "mail-url"), ("tenants", "mail-url"))

Name = tuple[str, str]


def database_url(reader: str) -> Name:
    """The name of a reader's database URL."""
    return (reader, "database-url")


def redis_url(reader: str) -> Name:
    """The name of a reader's Redis URL."""
    return (reader, "redis-url")


REDIS_READERS = (*ROLES, "migrate")
NEEDED: tuple[Name, ...] = (
    MASTER_PASSWORD,
    AUTH_TOKEN,
    METRIC_TOKEN,
    SIGNING_KEYS,
    MFA_KEY,
    ROLE_PASSWORDS,
    ADMIN_URL,
    *(database_url(reader) for reader in ROLES),
    *(redis_url(reader) for reader in REDIS_READERS),
)
"""Every secret that a task definition, a stack or the queue's function reads."""


@dataclass(frozen=True)
class Kept:
    """What is told of a secret: its name, how often it was written, and when last."""

    name: Name
    version: int
    changed: datetime


class Store:
    """The secrets of one environment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ssm: Any = site.client("ssm")

    def listed(self) -> list[Kept]:
        """Every secret there is, by name; no value is asked for."""
        prefix = self._site.parameter_name()
        found = [
            Kept((path[0], path[1]), each["Version"], each["LastModifiedDate"])
            for each in pages(
                self._ssm, "get_parameters_by_path", "Parameters", Path=prefix, Recursive=True, WithDecryption=False
            )
            if each["Type"] == "SecureString" and len(path := each["Name"].removeprefix(f"{prefix}/").split("/")) == 2
        ]
        return sorted(found, key=lambda each: each.name)

    def read(self, name: Name) -> str | None:
        """A secret's value, to make another from; None when there is none."""
        found = parameter(self._site.session, self._site.parameter_name(*name), secret=True)
        return None if found is None else str(found["Value"])

    def need(self, name: Name) -> str:
        """A secret's value.

        Raises:
            RefusedError: There is none.
        """
        value = self.read(name)
        if value is None:
            raise RefusedError(f"There is no secret {'/'.join(name)} yet: `accunode-infra secrets init` draws it.")
        return value

    def put(self, name: Name, value: str) -> None:
        """Write a secret, encrypted. One that has this value already is left alone."""
        if self.read(name) != value:
            self._ssm.put_parameter(
                Name=self._site.parameter_name(*name), Value=value, Type="SecureString", Overwrite=True
            )


def named(text: str) -> Name:
    """A secret that a user names, such as `auth/mail-url`.

    Raises:
        UsageError: There is none of that name.
    """
    known = {"/".join(name): name for name in (*NEEDED, *OPTIONAL)}
    if text not in known:
        raise UsageError(f"There is no secret {text}: they are {', '.join(sorted(known))}.")
    return known[text]
