"""A real PostgreSQL server on a loopback port, with a password and its data in a folder."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from accunode_common.db.server import ONE_MACHINE, server_settings
from accunode_devstack.accounts import Account, as_account, postgres_account
from accunode_devstack.binaries import PostgresBinaries, find_postgres, readable_by
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program
from accunode_devstack.ports import LOOPBACK

SUPERUSER = "postgres"
NAME = "postgres"

DURABLE = server_settings(ONE_MACHINE)
THROWAWAY = DURABLE | {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True)
class PostgresServer:
    """A server with its data in `home`/data, run as `account` (None: the caller's own).

    `durable` keeps every commit through a power cut; a server for tests does without and is faster.
    """

    home: Path
    port: int
    binaries: PostgresBinaries
    password: str = field(repr=False)
    account: Account | None = None
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def admin_url(self) -> str:
        return f"postgresql://{SUPERUSER}:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}/postgres"

    def initialise(self) -> None:
        """Create the data folder if there is none.

        Raises DevstackError when the folder was made by another major version, or when initdb fails.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if self.account is not None:
            self.home.chmod(0o711)
        version = self.data / "PG_VERSION"
        if version.exists():
            made_by = version.read_text().strip()
            if made_by != str(self.binaries.major):
                raise DevstackError(
                    f"The data in {self.data} belongs to PostgreSQL {made_by} and the server found here is "
                    f"PostgreSQL {self.binaries.major}: `make reset` starts afresh."
                )
            return
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = self.home / "initial-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password + "\n")
        if self.account is not None:
            self.account.own(unfinished)
            self.account.own(password_file)
        try:
            made = subprocess.run(
                self._initdb(unfinished, password_file),
                **as_account(self.account),
                cwd="/",
                env=_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            password_file.unlink()
        if made.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise DevstackError(f"PostgreSQL's initdb failed: {_last_line(made.stderr or made.stdout)}")
        unfinished.rename(self.data)

    def program(self) -> Program:
        # TCP only: a socket's path may be at most 107 bytes long, and a checkout's is often longer.
        settings = (DURABLE if self.durable else THROWAWAY) | {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name=NAME,
            command=(str(self.binaries.postgres), "-D", str(self.data), *options),
            folder=Path("/"),
            environment=_environment(),
            account=self.account,
            # A fast shutdown: SIGTERM would wait for every client to leave first.
            stop_signal=signal.SIGINT,
            stop_after=30.0,
            port=self.port,
        )

    def ready(self) -> bool:
        return answers(self.admin_url)

    def _initdb(self, data: Path, password_file: Path) -> list[str]:
        command = [
            str(self.binaries.initdb),
            *("--pgdata", str(data), "--username", SUPERUSER, "--auth", "scram-sha-256"),
            *("--pwfile", str(password_file), "--encoding", "UTF8", "--locale", "C"),
        ]
        if self.binaries.major >= 17:
            # Unicode's case rules without the system's locales, so the same on Linux and macOS.
            command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        return command if self.durable else [*command, "--no-sync"]


def embedded_postgres(
    home: Path, *, port: int, password: str, durable: bool = True, account: Account | None = None
) -> PostgresServer:
    """A server from the programs found here, with its data in `home`, which `account` must be able to reach.

    Raises DevstackError when no PostgreSQL 16 or later is found.
    """
    account = account or postgres_account(home / "data")
    binaries = readable_by(account, find_postgres(), home)
    return PostgresServer(home, port, binaries, password, account=account, durable=durable)


def answers(url: str) -> bool:
    """Whether a PostgreSQL server takes connections at `url`.

    Raises psycopg.OperationalError when it answers but refuses this user or password.
    """
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error):
            raise
        return False


@contextmanager
def changed_settings(admin_url: str, **settings: str) -> Iterator[None]:
    """Have a running server work by other settings while the block runs."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        try:
            for name, value in settings.items():
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            admin.execute("SELECT pg_reload_conf()")
            yield
        finally:
            for name in settings:
                admin.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
            admin.execute("SELECT pg_reload_conf()")


def require_version(url: str) -> None:
    """Raise DevstackError unless the server at `url` answers and is PostgreSQL 16 or later."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise DevstackError(f"DATABASE_URL leads to no usable PostgreSQL: {_last_line(str(error))}") from None
    if version < 160000:
        raise DevstackError(f"DATABASE_URL leads to PostgreSQL {version // 10000}; 16 or later is needed.")


def _environment() -> dict[str, str]:
    # PG* variables of the caller would steer the server; the locale ones would end up in its messages.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
