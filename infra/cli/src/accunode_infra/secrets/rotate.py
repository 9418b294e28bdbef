"""Rotates secrets that are in use, so that what still has the old one goes on working.

A rotation is a list of stages. Which are done is kept in Parameter Store, so that one that was cut short, or that waits
for tokens to expire, goes on where it stands. Every stage may be done twice.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME
from accunode_common.new_secrets import new_password, new_signing_key
from accunode_infra.aws import parameter
from accunode_infra.errors import RefusedError
from accunode_infra.release import oneoff
from accunode_infra.release.site import Site
from accunode_infra.secrets.draw import admin_url, cache_url, role_url
from accunode_infra.secrets.restart import restart
from accunode_infra.secrets.store import (
    ADMIN_URL,
    AUTH_TOKEN,
    MASTER_PASSWORD,
    METRIC_TOKEN,
    REDIS_READERS,
    ROLE_PASSWORDS,
    ROLES,
    SIGNING_KEYS,
    Store,
    database_url,
    redis_url,
)

NEXT_TOKEN = ("cache", "next-auth-token")
_CACHE_LIMIT = timedelta(minutes=30)
_PEM = re.compile(r"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----\n?", re.DOTALL)


@dataclass(frozen=True)
class Stage:
    """A part of a rotation: what it does, and the work."""

    name: str
    act: Callable[[], object]


class Progress:
    """Which stages of a rotation are done, and what it must remember; holds no secret."""

    def __init__(self, site: Site, what: str) -> None:
        self._site = site
        self._ssm: Any = site.client("ssm")
        self._name = site.parameter_name("rotations", what)
        found = parameter(site.session, self._name)
        self.kept: dict[str, str] = {} if found is None else json.loads(found["Value"])

    def note(self, **kept: str) -> None:
        """Remember."""
        self.kept |= kept
        self._ssm.put_parameter(Name=self._name, Value=json.dumps(self.kept), Type="String", Overwrite=True)

    def end(self) -> None:
        """Forget: the next rotation begins anew."""
        self._ssm.delete_parameter(Name=self._name)


def rotate(site: Site, what: str) -> bool:
    """Rotate a kind of secret; False when it has to wait, and is to be started again later.

    Raises:
        RefusedError: That kind does not exist, or cannot be rotated.
        UnfitError: A service does not start with what is new.
    """
    if what == "mfa-key":
        raise RefusedError(
            "The mfa-key cannot be rotated: the secrets of authenticators and of single sign-on are encrypted by it, "
            "so a new one would lock out all who enrolled an authenticator, and end single sign-on until it is set up."
        )
    kinds = {
        "signing-keys": _signing_keys,
        "role-passwords": _role_passwords,
        "auth-token": _auth_token,
        "master-password": _master_password,
    }
    if what not in kinds:
        raise RefusedError(f"There is no rotation of {what}: there are those of {', '.join(sorted(kinds))}.")
    progress = Progress(site, what)
    for stage in kinds[what](site, progress):
        if stage.name in progress.kept:
            continue
        site.output.say(f"{what}: {stage.name}")
        if stage.act() is False:
            return False
        progress.note(**{stage.name: site.clock.now().isoformat(timespec="seconds")})
    progress.end()
    return True


def _signing_keys(site: Site, progress: Progress) -> list[Stage]:
    store = Store(site)

    def keys() -> list[str]:
        return _PEM.findall(store.need(SIGNING_KEYS))

    def add() -> None:
        # The last one signs: the new one is published first, so that every verifier can know it before it is used.
        if "new" in progress.kept and any(_print(each) == progress.kept["new"] for each in keys()):
            return
        fresh = new_signing_key()
        progress.note(new=_print(fresh))
        store.put(SIGNING_KEYS, "".join([fresh, *keys()]))

    def sign() -> None:
        mine = [each for each in keys() if _print(each) == progress.kept["new"]]
        store.put(SIGNING_KEYS, "".join([*(each for each in keys() if each not in mine), *mine]))

    def wait() -> bool | None:
        since = datetime.fromisoformat(progress.kept["start auth, which signs with it"])
        if site.clock.now() - since < ACCESS_TOKEN_LIFETIME:
            site.output.say(
                f"signing-keys: tokens of the old key are valid until {(since + ACCESS_TOKEN_LIFETIME).isoformat()}; "
                "run the same again after that."
            )
            return False
        return None

    def drop() -> None:
        store.put(SIGNING_KEYS, next(each for each in keys() if _print(each) == progress.kept["new"]))

    return [
        Stage("publish a new key", add),
        Stage("start auth with both", partial(restart, site, "auth")),
        Stage("sign with the new key", sign),
        Stage("start auth, which signs with it", partial(restart, site, "auth")),
        Stage("wait for the old key's tokens to expire", wait),
        Stage("drop the old key", drop),
        Stage("start auth without it", partial(restart, site, "auth")),
    ]


def _print(pem: str) -> str:
    key = load_pem_private_key(pem.encode(), password=None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[1]


def _role_passwords(site: Site, progress: Progress) -> list[Stage]:
    """One role at a time: its copies keep the connections that they have until they are replaced a moment later."""
    store = Store(site)
    stages: list[Stage] = []
    for reader, role in (("migrate", "accunode_migrator"), *ROLES.items()):

        def change(role: str = str(role)) -> None:
            passwords = json.loads(store.need(ROLE_PASSWORDS))
            store.put(ROLE_PASSWORDS, json.dumps(passwords | {role: new_password()}))
            progress.note(run=secrets.token_hex(8))

        def tell(reader: str = reader, role: str = str(role)) -> None:
            oneoff.run(site, f"rotate-{progress.kept['run']}")
            if reader in ROLES:
                password = json.loads(store.need(ROLE_PASSWORDS))[role]
                store.put(database_url(reader), role_url(site, role, password))

        stages += [
            Stage(f"draw a password for {role}", change),
            Stage(f"tell PostgreSQL and {reader}", tell),
            *([Stage(f"start {reader} with it", partial(restart, site, reader))] if reader in ROLES else []),
        ]
    return stages


def _auth_token(site: Site, _: Progress) -> list[Stage]:
    store = Store(site)
    cache = site.client("elasticache")

    def draw() -> None:
        # Put where nobody reads it yet: until Redis takes it, a copy that starts needs the old one.
        store.put(NEXT_TOKEN, new_password())

    def change(strategy: str) -> None:
        group = site.export("CacheGroup", of="cache")
        cache.modify_replication_group(
            ReplicationGroupId=group,
            AuthToken=store.need(NEXT_TOKEN),
            AuthTokenUpdateStrategy=strategy,
            ApplyImmediately=True,
        )

        def available() -> bool | None:
            found = cache.describe_replication_groups(ReplicationGroupId=group)["ReplicationGroups"][0]
            pending = found.get("PendingModifiedValues", {}).get("AuthTokenStatus")
            return True if found["Status"] == "available" and not pending else None

        if site.until(available, limit=_CACHE_LIMIT) is None:
            raise RefusedError(f"{group} is still being changed: run the same again when it is available.")

    def tell() -> None:
        token = store.need(NEXT_TOKEN)
        for name in (AUTH_TOKEN, METRIC_TOKEN):
            store.put(name, token)
        for reader in REDIS_READERS:
            store.put(redis_url(reader), cache_url(site, token))

    return [
        Stage("draw a token", draw),
        Stage("let Redis take both", partial(change, "ROTATE")),
        Stage("tell every reader", tell),
        *(Stage(f"start {reader} with it", partial(restart, site, reader)) for reader in ROLES),
        Stage("let Redis take the new one alone", partial(change, "SET")),
    ]


def _master_password(site: Site, _: Progress) -> list[Stage]:
    store = Store(site)

    def draw() -> None:
        store.put(MASTER_PASSWORD, new_password())

    def change() -> None:
        site.client("rds").modify_db_instance(
            DBInstanceIdentifier=site.export("DatabaseInstance", of="data"),
            MasterUserPassword=store.need(MASTER_PASSWORD),
            ApplyImmediately=True,
        )
        store.put(ADMIN_URL, admin_url(site, store.need(MASTER_PASSWORD)))

    return [Stage("draw a password", draw), Stage("tell PostgreSQL and the migrations", change)]
