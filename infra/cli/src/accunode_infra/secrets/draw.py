"""Draws the secrets that are missing, and composes the URLs once the database and the cache stand."""

import json
from urllib.parse import quote

from accunode_common.db.access import LOGIN_ROLES
from accunode_common.new_secrets import new_password, new_signing_key
from accunode_infra.errors import RefusedError
from accunode_infra.release.site import Site
from accunode_infra.secrets.store import (
    ADMIN_URL,
    AUTH_TOKEN,
    MASTER_PASSWORD,
    METRIC_TOKEN,
    MFA_KEY,
    REDIS_READERS,
    ROLE_PASSWORDS,
    ROLES,
    SIGNING_KEYS,
    Name,
    Store,
    database_url,
    redis_url,
)

ADMINISTRATOR = "accunode_admin"
DATABASE = "accunode"
AUTHORITIES = "/etc/accunode/rds-ca.pem"
"""Where every node has the certificates that RDS signs with."""


def draw(site: Site) -> tuple[list[Name], list[Name]]:
    """Draw and compose what is missing; gives what was written, and what waits for a stack. What is there stays."""
    store = Store(site)
    there = {each.name for each in store.listed()}
    written: list[Name] = []

    def write(name: Name, value: str) -> None:
        if name not in there:
            store.put(name, value)
            written.append(name)

    write(MASTER_PASSWORD, new_password())
    write(AUTH_TOKEN, new_password())
    write(METRIC_TOKEN, store.need(AUTH_TOKEN))
    write(SIGNING_KEYS, new_signing_key())
    write(MFA_KEY, new_password())
    write(ROLE_PASSWORDS, json.dumps({str(role): new_password() for role in LOGIN_ROLES}))
    wanted = composed(site, store)
    for name, value in wanted.items():
        write(name, value)
    waits = [ADMIN_URL, *map(database_url, ROLES), *map(redis_url, REDIS_READERS)]
    return written, [name for name in waits if name not in wanted and name not in there]


def composed(site: Site, store: Store) -> dict[Name, str]:
    """The URLs that the stacks that stand, and the secrets that are there, make up."""
    urls: dict[Name, str] = {}
    if "DatabaseHost" in site.exports:
        urls[ADMIN_URL] = admin_url(site, store.need(MASTER_PASSWORD))
        passwords: dict[str, str] = json.loads(store.need(ROLE_PASSWORDS))
        for reader, role in ROLES.items():
            urls[database_url(reader)] = role_url(site, str(role), passwords[role])
    if "CacheHost" in site.exports:
        token = store.need(AUTH_TOKEN)
        for reader in REDIS_READERS:
            urls[redis_url(reader)] = cache_url(site, token)
    return urls


def admin_url(site: Site, password: str) -> str:
    """How migrations reach the server."""
    return _postgresql(site, ADMINISTRATOR, password, "postgres")


def role_url(site: Site, role: str, password: str) -> str:
    """How a service reaches its database."""
    return _postgresql(site, role, password, DATABASE)


def cache_url(site: Site, token: str) -> str:
    """How everybody reaches Redis."""
    host, port = site.export("CacheHost", of="cache"), site.exports.get("CachePort", "6379")
    return f"rediss://:{quote(token, safe='')}@{host}:{port}/0"


def _postgresql(site: Site, user: str, password: str, database: str) -> str:
    host, port = site.export("DatabaseHost", of="data"), site.exports.get("DatabasePort", "5432")
    tls = f"sslmode=verify-full&sslrootcert={AUTHORITIES}"
    return f"postgresql://{user}:{quote(password, safe='')}@{host}:{port}/{database}?{tls}"


def refuse_drawn(name: Name) -> None:
    """Refuse to put by hand what other secrets are made from, where that would part them.

    Raises:
        RefusedError: It is such a secret.
    """
    if name in {MASTER_PASSWORD, AUTH_TOKEN, METRIC_TOKEN, ROLE_PASSWORDS}:
        raise RefusedError(
            f"{'/'.join(name)} is known to a server too, which would not learn of the change: "
            "`accunode-infra secrets rotate` changes both."
        )
