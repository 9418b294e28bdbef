"""The product's own processes as the stack runs them: the gateway, the worker and the relay."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from accunode_common.db.access import DatabaseRole
from accunode_common.processors import processes_here
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.launch import Program
from accunode_devstack.ports import LOOPBACK
from accunode_devstack.processes import START_TOLERANCE, Supervisor
from accunode_devstack.state import STATE_VARIABLE, State

GATEWAY, WORKER, RELAY = "gateway", "worker", "relay"
NAMES = (GATEWAY, WORKER, RELAY)
HEARTBEAT_LIMIT = 60.0
KEPT_SECONDS = 180
"""How long the gateway keeps an idle connection, as a service does: a busy process takes new ones one at a time."""


@dataclass(frozen=True)
class Part:
    """A process and how to see that it does its work."""

    program: Program
    ready: Callable[[], bool]


def product_parts(state: State, endpoints: Endpoints) -> tuple[Part, ...]:
    """The product's processes in the order they are started."""
    return (
        Part(_gateway(state, endpoints), lambda: gateway_ready(endpoints)),
        Part(_worker(state, endpoints), lambda: _beats(state, WORKER)),
        Part(_relay(state, endpoints), lambda: _beats(state, RELAY)),
    )


def gateway_ready(endpoints: Endpoints) -> bool:
    """Whether every service behind the gateway reaches its database and Redis, at the newest migration."""
    # Asked many times a second while the stack starts: a client library would prepare for TLS each time.
    connection = HTTPConnection(LOOPBACK, endpoints.port, timeout=5)
    try:
        connection.request("GET", "/ready", headers={"Authorization": f"Bearer {endpoints.metrics_token}"})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _beats(state: State, name: str) -> bool:
    """Whether the process has shown its heartbeat lately. An older one may be left of a process that is gone."""
    running = Supervisor(state).find(name)
    if running is None or running.pid is None or running.since is None:
        return False
    try:
        beat = _heartbeat(state, name).stat().st_mtime
    except FileNotFoundError:
        return False
    return beat >= running.since.timestamp() - START_TOLERANCE and time.time() - beat < HEARTBEAT_LIMIT


def _heartbeat(state: State, name: str) -> Path:
    return state.run / f"{name}.heartbeat"


def _gateway(state: State, endpoints: Endpoints) -> Program:
    # Open event streams would hold the end up: they are cut off after three seconds.
    command = (
        *(sys.executable, "-m", "uvicorn", "accunode_devstack.gateway:create", "--factory"),
        *("--host", LOOPBACK, "--port", str(endpoints.port), "--no-access-log", "--no-server-header"),
        *("--timeout-graceful-shutdown", "3", "--http", "accunode_common.http.protocol:CautiousProtocol"),
        *("--loop", "uvloop", "--workers", str(processes_here()), "--timeout-keep-alive", str(KEPT_SECONDS)),
    )
    environment = _environment() | {STATE_VARIABLE: str(state.root), "ACCUNODE_PROCESSES": str(processes_here())}
    return Program(GATEWAY, command, state.root, environment, stop_after=8, port=endpoints.port)


def _worker(state: State, endpoints: Endpoints) -> Program:
    command = (
        *(sys.executable, "-m", "celery", "--app", "accunode_ml.app", "worker", "--loglevel", "INFO"),
        *("--concurrency", str(processes_here()), "--without-gossip", "--without-mingle"),
    )
    return Program(
        WORKER, command, state.root, _background(state, WORKER, endpoints, DatabaseRole.WORKER), stop_after=20
    )


def _relay(state: State, endpoints: Endpoints) -> Program:
    command = (sys.executable, "-m", "accunode_ml.relay")
    return Program(RELAY, command, state.root, _background(state, RELAY, endpoints, DatabaseRole.RELAY), stop_after=8)


def _background(state: State, name: str, endpoints: Endpoints, role: DatabaseRole) -> dict[str, str]:
    values = endpoints.values(role) | {"heartbeat_file": str(_heartbeat(state, name))}
    return _environment() | {f"ACCUNODE_{key.upper()}": value for key, value in values.items()}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    # The virtual environment's own programs come first, whether or not the caller has activated it.
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | {"PYTHONUNBUFFERED": "1"}
