"""Which operating-system account a server runs as, and what that account can reach."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accunode_devstack.errors import DevstackError

UNPRIVILEGED = ("nobody", "postgres", "daemon")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter the folder, or run the program, at `path`."""
        probe = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
            **as_account(self),
            cwd="/",
            check=False,
        )
        return probe.returncode == 0


def as_account(account: Account | None) -> dict[str, Any]:
    """The keyword arguments that make `subprocess.Popen` run a program as `account`; none keeps the caller's own."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def postgres_account(data: Path) -> Account | None:
    """The account for a PostgreSQL server with its files in `data`.

    None means the caller's own. PostgreSQL refuses to run as root, so root gets the owner of existing data, or else an
    unprivileged account. Raises DevstackError when there is none, or when the system has no name for the caller.
    """
    if (uid := os.geteuid()) != 0:
        _require_name(uid)
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise DevstackError("PostgreSQL does not run as root and none of the accounts nobody, postgres or daemon exists.")


def _require_name(uid: int) -> None:
    # initdb looks its user up, and in a container started with a bare number there is nobody to find.
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise DevstackError(
            f"PostgreSQL cannot run as user id {uid}, which has no name here: give it a line in /etc/passwd, "
            "run this as another user, or name a server with DATABASE_URL."
        ) from None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
