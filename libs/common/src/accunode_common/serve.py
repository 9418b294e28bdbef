"""Runs one service alone: `python -m accunode_common.serve auth`. A container's entry point.

`python -m accunode_common.serve auth admin …` runs the service's own commands instead, where only a task's arguments
can be chosen. What keeps a service from starting is said in one line. SIGTERM lets it finish the requests under
way, for as long as `ACCUNODE_DRAIN_SECONDS`.
"""

import contextlib
import gc
import importlib
import importlib.util
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import Field
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from accunode_common.environment import Concern, SettingsError
from accunode_common.http.protocol import CautiousProtocol
from accunode_common.log import configure_logging
from accunode_common.processors import processes_here
from accunode_common.routing import SERVICES, Service
from accunode_common.settings import HttpSettings, LogSettings

UNUSABLE_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
_AWAY_SECONDS = 30
_VARIABLES = HttpSettings.variables()


_COLLECTED_AT = 50_000
"""More than several downloads hold at once; what a request leaves in cycles is some hundred."""


class ServeSettings(Concern):
    """How the process listens."""

    host: str = "0.0.0.0"  # noqa: S104
    """The address to listen on; a container's own network decides who reaches it."""
    drain_seconds: int = Field(default=20, ge=0)
    """Seconds that requests under way may take once the process is told to end."""
    keep_alive_seconds: int = Field(default=180, ge=1)
    """Seconds that an idle connection stays open: longer than the load balancer keeps one, which would otherwise send a
    request into a connection that is being closed, and answer it 502."""
    trusted_proxies: str = "127.0.0.1"
    """Whose `X-Forwarded-For` is believed: addresses or networks, separated by commas."""


def serve(service: Service) -> int:
    """Run `service` until SIGTERM or SIGINT, by one process or by several; the exit code of the process."""
    try:
        settings = ServeSettings.from_environment()
        processes = HttpSettings.from_environment().processes or processes_here()
        if processes > 1:
            return _serve_by_several(service, settings, processes)
        app = _application(service)
    except SettingsError as error:
        return _cannot_start(service, error)
    uvicorn.run(app, **_options(service, settings))
    return 0


class _Several(Multiprocess):
    """Processes that take connections from one socket, until they are told to end."""

    def terminate_all(self) -> None:
        """Tell all to end, and refuse connections: nobody would take one that the system still accepts."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


def _serve_by_several(service: Service, settings: ServeSettings, processes: int) -> int:
    """Listen, and have processes that take connections in turns from the same socket; one that dies is replaced."""
    configure_logging(LogSettings.from_environment(), service=service.name)
    with tempfile.TemporaryDirectory(prefix="accunode-metrics-") as figures:
        # Read by each of them as it begins.
        os.environ |= {_VARIABLES["processes"]: str(processes), _VARIABLES["figures"]: figures}
        application = partial(_application_of_many, service)
        config = uvicorn.Config(application, factory=True, workers=processes, **_options(service, settings))
        several = _Several(config, sockets=[config.bind_socket()])
        several.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in several.processes)
    return UNUSABLE_CONFIGURATION if failed else 0


def _options(service: Service, settings: ServeSettings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": service.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "http": CautiousProtocol,
        "loop": "uvloop",
        "forwarded_allow_ips": settings.trusted_proxies,
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.drain_seconds,
        # Of a process among several: longer than one on a busy machine is away.
        "timeout_worker_healthcheck": _AWAY_SECONDS,
    }


def _application(service: Service) -> FastAPI:
    module, _, factory = service.factory.partition(":")
    app: FastAPI = getattr(importlib.import_module(module), factory)()
    settle()
    return app


def _application_of_many(service: Service) -> FastAPI:
    """The application of one of several processes, which all end when one cannot start."""
    try:
        return _application(service)
    except SettingsError as error:
        # Said by the first of them.
        with contextlib.suppress(FileExistsError):
            (Path(os.environ[_VARIABLES["figures"]]) / "cannot-start").touch(exist_ok=False)
            _cannot_start(service, error)
        sys.exit(STARTUP_FAILURE)


def _cannot_start(service: Service, error: SettingsError) -> int:
    sys.stderr.write(f"The {service.name} service cannot start: {error}\n")
    return UNUSABLE_CONFIGURATION


def settle() -> None:
    """Leave what the process is made of out of garbage collections, and collect when there may be much to free.

    Each collection would walk through all of it; and by Python's default, one comes with every 700 objects that a
    request has at once, of which a block of a download has 10,000, to find nothing. For whoever starts a process, once
    its application is made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT, *gc.get_threshold()[1:])


def main() -> int:
    """Run the service that the command line names, or its own commands."""
    by_name = {service.name: service for service in SERVICES}
    service = by_name.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if service is None or (len(sys.argv) > 2 and not _has_commands(service, sys.argv[2])):
        sys.stderr.write(f"usage: python -m accunode_common.serve {'|'.join(by_name)}, or auth admin …\n")
        return 2
    if len(sys.argv) == 2:
        return serve(service)
    del sys.argv[1:3]
    return int(importlib.import_module(f"{service.package}.admin").main())


def _has_commands(service: Service, word: str) -> bool:
    return word == "admin" and importlib.util.find_spec(f"{service.package}.admin") is not None


if __name__ == "__main__":
    sys.exit(main())
