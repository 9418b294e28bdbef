"""The whole product on one machine: up, down, status, reset."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from accunode_common.db.access import DatabaseRole
from accunode_devstack import postgres, programs, redis, servers
from accunode_devstack.credentials import keep_credentials
from accunode_devstack.database import is_prepared, prepare_database, refresh_statistics
from accunode_devstack.demo.loader import Installation, load_demo, write_sign_ins
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints, read_endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import wait_until
from accunode_devstack.ports import is_free, listener
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import Part, product_parts
from accunode_devstack.state import State

DEFAULT_PORT = 8000
PORT_VARIABLE = "ACCUNODE_PORT"
START_LIMIT = 90.0
ALL = (*servers.NAMES, *programs.NAMES)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """What `status` tells about one part of the stack."""

    name: str
    state: str
    pid: int | None
    port: int | None
    since: datetime | None
    memory: int | None
    restarts: int = 0
    last_exit: int | None = None


class Stack:
    """The stack of one state folder. `say` takes one line of progress at a time."""

    def __init__(self, state: State, say: Say) -> None:
        self.state = state
        self.supervisor = Supervisor(state)
        self._say = say
        self._started: list[str] = []

    def up(self, port: int) -> tuple[Endpoints, bool]:
        """Start what does not run yet, and wait until all of it is ready.

        Returns the addresses and whether anything had to be started. If a part fails, those started now are stopped
        again. Raises DevstackError with one sentence and the end of the failing part's log, or when another port was
        asked for than the one that all of it runs at.
        """
        running = self.running()
        if running is not None:
            if running.port != port and PORT_VARIABLE in os.environ:
                raise DevstackError(f"AccuNode is up at {running.base_url} already: `make down` lets it move.")
            # One may have been started again a moment ago, and not work yet.
            for part in product_parts(self.state, running):
                self._await(part)
            return running, False
        self.state.prepare()
        self._started = []
        try:
            return self._start(port), True
        except BaseException:
            self.supervisor.stop([name for name in self._started if name in programs.NAMES])
            self.supervisor.stop([name for name in self._started if name in servers.NAMES])
            raise

    def load_demo(self, endpoints: Endpoints) -> list[DemoUser]:
        """Make what is missing of the demo, and write its sign-ins. Raises DevstackError when the product refuses."""
        installation = Installation(endpoints.base_url, endpoints.database_url(DatabaseRole.AUTH))
        demo = load_demo(installation, keep_credentials(self.state).demo, self._say)
        if demo.loaded_now:
            refresh_statistics(endpoints)
        write_sign_ins(self.state.demo, endpoints.base_url, demo.users)
        return demo.users

    def running(self) -> Endpoints | None:
        """The addresses if every part runs and the gateway is ready."""
        endpoints = read_endpoints(self.state)
        if endpoints is None:
            return None
        parts = [self.supervisor.find(name) for name in (*endpoints.embedded, *programs.NAMES)]
        if any(part is None or part.pid is None for part in parts):
            return None
        return endpoints if programs.gateway_ready(endpoints) else None

    def down(self) -> list[str]:
        """Stop everything that the stack started; returns the names of what ran."""
        return self.supervisor.stop(programs.NAMES) + self.supervisor.stop(servers.NAMES)

    def reset(self) -> None:
        """Stop, and delete all the stack has written. A database that DATABASE_URL names is left alone."""
        self.down()
        for folder in (self.state.elsewhere, self.state.root):
            if folder.exists():
                shutil.rmtree(folder)

    def status(self) -> list[Line]:
        endpoints = read_endpoints(self.state)
        parts = product_parts(self.state, endpoints) if endpoints else ()
        ready = {part.program.name: part.ready for part in parts}
        if endpoints:
            ready[postgres.NAME] = lambda: _answers(endpoints)
            ready[redis.NAME] = lambda: redis.answers(endpoints.redis_url)
        return [self._line(name, ready.get(name, lambda: False), endpoints) for name in ALL]

    def _start(self, port: int) -> Endpoints:
        credentials = keep_credentials(self.state)
        before = read_endpoints(self.state)
        chosen = servers.choose_servers(self.state, self.supervisor, credentials)
        endpoints = Endpoints(
            port=port,
            admin_url=chosen.admin_url,
            database=chosen.database,
            passwords=credentials.roles,
            redis_url=chosen.redis_url,
            storage_url=self.state.objects.resolve().as_uri(),
            signing_key_file=str(credentials.signing_key.resolve()),
            mail_url=self.state.mail.resolve().as_uri(),
            embedded=tuple(part.program.name for part in chosen.parts),
            mfa_key=credentials.mfa,
        )
        if endpoints != before:
            self.supervisor.stop(programs.NAMES)
            self.supervisor.stop(name for name in servers.NAMES if name not in endpoints.embedded)
        self._require_port(port)
        for part in chosen.parts:
            self._launch(part)
        for part in chosen.parts:
            self._await(part)
        endpoints.save(self.state)
        if not is_prepared(self.state, endpoints):
            self._say("Preparing the database")
            prepare_database(self.state, endpoints)
        self._say("Starting the services, the worker and the relay")
        parts = product_parts(self.state, endpoints)
        for part in parts:
            self._launch(part)
        for part in parts:
            self._await(part)
        return endpoints

    def _require_port(self, port: int) -> None:
        if self.supervisor.find(programs.GATEWAY) is not None or is_free(port):
            return
        who = listener(port)
        raise DevstackError(
            f"Port {port} is in use{f' by {who}' if who else ''}: stop that, or choose another with ACCUNODE_PORT."
        )

    def _launch(self, part: Part) -> None:
        if self.supervisor.alive(part.program.name):
            return
        self.supervisor.start(part.program)
        self._started.append(part.program.name)

    def _await(self, part: Part) -> None:
        name = part.program.name
        # One that ended as soon as it was started would only end again.
        restarts = 0 if name in self._started else self._restarts(name)
        try:
            wait_until(
                part.ready,
                alive=lambda: self.supervisor.alive(name) and self._restarts(name) <= restarts,
                name=name,
                limit=START_LIMIT,
            )
        except DevstackError as error:
            lines = "\n  ".join(self.supervisor.last_lines(name))
            raise DevstackError(f"{error} The end of {self.supervisor.log_of(name)}:\n  {lines}") from None

    def _restarts(self, name: str) -> int:
        found = self.supervisor.find(name)
        return found.restarts if found is not None else 0

    def _line(self, name: str, ready: Callable[[], bool], endpoints: Endpoints | None) -> Line:
        found = self.supervisor.find(name)
        if found is None:
            given = endpoints is not None and name in servers.NAMES and name not in endpoints.embedded
            return Line(name, "given" if given and ready() else "stopped", None, None, None, None)
        state = "restarting" if found.pid is None else "ready" if ready() else "not ready"
        return Line(name, state, found.pid, found.port, found.since, found.memory, found.restarts, found.last_exit)


def wanted_port() -> int:
    """The port that `ACCUNODE_PORT` names, else 8000. Raises DevstackError when it names none."""
    text = os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT))
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise DevstackError(f"ACCUNODE_PORT is {text!r}, which is no port number.")
    return int(text)


def _answers(endpoints: Endpoints) -> bool:
    try:
        return postgres.answers(endpoints.admin_url)
    except psycopg.OperationalError:
        return False


def data_places(state: State) -> list[tuple[str, Path]]:
    """Where the data of the stack lies, and why PostgreSQL's may lie outside the checkout."""
    places = [("state", state.root)]
    endpoints = read_endpoints(state)
    if endpoints is not None and postgres.NAME in endpoints.embedded:
        home, account = state.postgres_home()
        what = "PostgreSQL data"
        if account is not None and home.parent == state.elsewhere:
            what += f" (outside the checkout, which the account {account.name} cannot reach)"
        places.append((what, home / "data"))
    return places
