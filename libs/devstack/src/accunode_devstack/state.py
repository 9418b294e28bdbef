"""Where the stack keeps what it writes: `.accunode/` in the checkout.

run/        a record of each process it started       log/      a log of each process
secrets/    passwords and the signing key, mode 600   objects/  uploaded files
postgres/   the database server's data                mail/     mails that would have been sent
redis/      Redis's append-only file                  demo.json the demo's sign-ins, mode 600
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accunode_devstack.accounts import Account, postgres_account
from accunode_devstack.errors import DevstackError

FOLDER = ".accunode"
STATE_VARIABLE = "ACCUNODE_STATE"
MEGABYTE = 1_000_000
SPACE_NEEDED = 500 * MEGABYTE


@dataclass(frozen=True)
class State:
    """The state folder of one checkout."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def demo(self) -> Path:
        return self.root / "demo.json"

    @property
    def elsewhere(self) -> Path:
        """Where PostgreSQL's data goes when its account cannot reach the checkout: a folder by user and checkout."""
        lasting = Path("/var/tmp")  # noqa: S108 - made private and checked below; survives a restart of the machine
        base = lasting if os.access(lasting, os.W_OK) else Path(tempfile.gettempdir())
        checkout = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:12]
        return base / f"accunode-{os.geteuid()}-{checkout}"

    def prepare(self) -> None:
        """Make the folders. Raises DevstackError when the disk is nearly full."""
        self.root.mkdir(parents=True, exist_ok=True)
        # Root's PostgreSQL runs as another account, which must pass through here.
        self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.run, self.log, self.secrets, self.objects, self.mail, self.redis):
            folder.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(self.root).free
        if free < SPACE_NEEDED:
            raise DevstackError(
                f"The disk that holds {self.root} is nearly full: {free // MEGABYTE} MB are free and "
                f"{SPACE_NEEDED // MEGABYTE} MB are needed."
            )

    def postgres_home(self) -> tuple[Path, Account | None]:
        """The folder for PostgreSQL's data, which need not exist, and the server's account (None: the caller's own)."""
        inside, outside = self.root / "postgres", self.elsewhere / "postgres"
        for home in (inside, outside):
            if (home / "data").exists():
                return home, postgres_account(home / "data")
        account = postgres_account(inside / "data")
        if account is None or account.reaches(self.root):
            return inside, account
        return outside, account

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the stack for one command at a time; others wait."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def find_state() -> State:
    """The state folder that `ACCUNODE_STATE` names, else that of the checkout that the current folder is in.

    Raises DevstackError outside a checkout.
    """
    if named := os.environ.get(STATE_VARIABLE):
        return State(Path(named).resolve())
    start = Path.cwd()
    for folder in (start, *start.parents):
        if (folder / "constraints.txt").exists() and (folder / "libs" / "devstack").is_dir():
            return State(folder / FOLDER)
    raise DevstackError(f"{start} is not inside a checkout of AccuNode.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; a reader never sees half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_private(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Raises DevstackError when the file is not a JSON object."""
    try:
        content = json.loads(path.read_text())
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DevstackError(f"{path} is not readable as the stack's own: `make reset` starts afresh.")
    return content


def make_own(folder: Path) -> None:
    """Make a folder that others may pass through. Raises DevstackError when somebody else made it first."""
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid():
        raise DevstackError(f"{folder} belongs to someone else, so PostgreSQL's data cannot go there.")
    folder.chmod(0o711)
