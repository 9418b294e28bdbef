"""Runs one service alone: `python -m accunode_common.serve auth`. A container's entry point.

`python -m accunode_common.serve auth admin …` runs the service's own commands instead, where only a task's arguments
can be chosen. What keeps a service from starting is said in one line. SIGTERM lets it finish the requests under
way, for as long as `ACCUNODE_DRAIN_SECONDS`.
"""

import importlib
import importlib.util
import sys

import uvicorn
from pydantic import Field

from accunode_common.http.protocol import CautiousProtocol
from accunode_common.routing import SERVICES, Service
from accunode_common.settings import AccunodeSettings, SettingsError

UNUSABLE_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""


class ServeSettings(AccunodeSettings):
    """How the process listens.

    Attributes:
        host: The address to listen on; a container's own network decides who reaches it.
        drain_seconds: How long requests under way may take once the process is told to end.
        keep_alive_seconds: How long an idle connection stays open: longer than the load balancer keeps one, which would
            otherwise send a request into a connection that is being closed, and answer it 502.
        trusted_proxies: Whose `X-Forwarded-For` is believed: addresses or networks, separated by commas.
    """

    host: str = "0.0.0.0"  # noqa: S104
    drain_seconds: int = Field(default=20, ge=0)
    keep_alive_seconds: int = Field(default=180, ge=1)
    trusted_proxies: str = "127.0.0.1"


def serve(service: Service) -> int:
    """Run `service` until SIGTERM or SIGINT; the exit code of the process."""
    module, _, factory = service.factory.partition(":")
    try:
        settings = ServeSettings.from_environment()
        app = getattr(importlib.import_module(module), factory)()
    except SettingsError as error:
        sys.stderr.write(f"The {service.name} service cannot start: {error}\n")
        return UNUSABLE_CONFIGURATION
    uvicorn.run(
        app,
        host=settings.host,
        port=service.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=CautiousProtocol,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    return 0


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
