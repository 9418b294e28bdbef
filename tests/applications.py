"""The services' applications in the test's own process, each from its `create_app`, as the gateway builds them."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from fastapi import FastAPI

from accunode_common.environment import ProcessSettings
from accunode_common.http.operations import Operation, operations
from accunode_common.routing import SERVICES, Service
from accunode_common.testing.app import ServiceClient

Settings = Callable[[Service, type[ProcessSettings]], ProcessSettings]


@dataclass(frozen=True)
class Application:
    """A service and its application, not running."""

    service: Service
    app: FastAPI

    @property
    def operations(self) -> list[Operation]:
        """Its operations that are part of the API."""
        return [operation for operation in operations(self.app) if operation.in_schema]

    @property
    def document(self) -> dict[str, Any]:
        """Its OpenAPI document."""
        return self.app.openapi()


def build(settings: Settings, **options: Mapping[str, Any]) -> list[Application]:
    """Every service of the path table; `settings` makes its settings, `options` go to each `create_app`."""
    built = []
    for service in SERVICES:
        create_app = importlib.import_module(f"{service.package}.app").create_app
        kind = get_type_hints(create_app)["settings"]
        built.append(Application(service, create_app(settings(service, kind), **options)))
    return built


@dataclass(frozen=True)
class Running:
    """A running service."""

    application: Application
    client: ServiceClient
