"""Servers for tests: in a temporary folder, on a free port, gone when their caller is, however it ends."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from accunode_common.new_secrets import new_password
from accunode_devstack import guard
from accunode_devstack.accounts import postgres_account
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program, wait_until
from accunode_devstack.ports import free_port
from accunode_devstack.postgres import PostgresServer, embedded_postgres
from accunode_devstack.redis import RedisServer, embedded_redis

ATTEMPTS = 3
START_LIMIT = 60.0


class Server(Protocol):
    def initialise(self) -> None: ...
    def program(self) -> Program: ...
    def ready(self) -> bool: ...


ServerT = TypeVar("ServerT", bound=Server)


@contextmanager
def throwaway_postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server without durability; deleted at the end."""

    def build(folder: Path) -> PostgresServer:
        return embedded_postgres(folder, port=free_port(), password=new_password(), durable=False)

    with _running(build) as server:
        yield server


@contextmanager
def throwaway_redis() -> Iterator[RedisServer]:
    """A running Redis server that keeps nothing; deleted at the end."""

    def build(folder: Path) -> RedisServer:
        return embedded_redis(folder, port=free_port(), password=new_password(), durable=False)

    with _running(build) as server:
        yield server


@contextmanager
def _running(build: Callable[[Path], ServerT]) -> Iterator[ServerT]:
    """Start what `build` makes for a new folder; again on another port if someone else took the first."""
    for attempt in range(1, ATTEMPTS + 1):
        folder = _temporary_folder()
        server = build(folder)
        guardian: subprocess.Popen[bytes] | None = None
        try:
            server.initialise()
            guardian = _guarded(server.program(), folder)
            _wait(server, guardian, folder)
        except DevstackError:
            _end(guardian, folder)
            if attempt == ATTEMPTS:
                raise
            continue
        except BaseException:
            _end(guardian, folder)
            raise
        try:
            yield server
        finally:
            _end(guardian, folder)
        return


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="accunode-"))
    account = postgres_account(folder / "data")
    if account is not None:
        folder.chmod(0o711)
        if not account.reaches(folder):
            # TMPDIR may lie below a folder of root's own.
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="accunode-", dir="/tmp"))
            folder.chmod(0o711)
    return folder


def _guarded(program: Program, folder: Path) -> subprocess.Popen[bytes]:
    uid, gid = (program.account.uid, program.account.gid) if program.account else (-1, -1)
    order = [int(program.stop_signal), program.stop_after, uid, gid, folder]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, *map(str, order), *program.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            start_new_session=True,
        )


def _wait(server: Server, guardian: subprocess.Popen[bytes], folder: Path) -> None:
    log = folder / "server.log"
    name = server.program().name
    try:
        wait_until(server.ready, alive=lambda: guardian.poll() is None, name=name, limit=START_LIMIT)
    except DevstackError as error:
        said = log.read_text(errors="replace")[-2000:] if log.exists() else "nothing (its folder is gone)"
        raise DevstackError(f"{error} It said: {said}") from None


def _end(guardian: subprocess.Popen[bytes] | None, folder: Path) -> None:
    if guardian is not None:
        guardian.communicate()
    shutil.rmtree(folder, ignore_errors=True)
