"""The application factory that every service builds on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from accunode_common.auth.jwks import KeySource
from accunode_common.http import openapi, problems
from accunode_common.http.application import Application
from accunode_common.http.bodies import BodyLimits, LimitBody
from accunode_common.http.health import system_router
from accunode_common.http.idempotency import ApiRoute
from accunode_common.http.middleware import Exchange, SecurityHeaders
from accunode_common.http.operations import RouteNames, check
from accunode_common.http.publishing import publishing
from accunode_common.http.representations import NegotiateRepresentations
from accunode_common.http.resources import Opener, open_common_resources
from accunode_common.http.turns import TakeTurns, Turns
from accunode_common.routing import API_PREFIX
from accunode_common.settings import ApiSettings
from accunode_common.telemetry import HttpMetrics

API_VERSION = "1.0.0"


def api_router(prefix: str, *, tag: str) -> APIRouter:
    """The router of a feature; `prefix` begins after `/api/v1`. Every route of a service comes from one of these."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=ApiRoute)


def create_service_app(
    name: str,
    settings: ApiSettings,
    routers: Sequence[APIRouter],
    *,
    description: str,
    root_routers: Sequence[APIRouter] = (),
    body_limits: Mapping[tuple[str, str], int] | None = None,
    key_source: KeySource | None = None,
    open_resources: Opener = nullcontext,
) -> FastAPI:
    """An API service: its routes, and all that requests, errors and operation have in common.

    Nothing is opened before the application's lifespan begins, and nothing is global, so that one process can hold
    several applications. Handlers reach what is open by the dependency `accunode_common.http.resources.ResourcesOf`.

    Args:
        name: The service's name in the path table.
        settings: Its settings; `VerifierSettings` among them unless `key_source` is given.
        routers: Routers made by `api_router`, mounted below `/api/v1`.
        description: What the service does, for its documentation.
        root_routers: Routers mounted at the root, for well-known paths.
        body_limits: Bytes that single routes accept, by method and exact path, where the default is too small.
        key_source: Where public keys come from, if not from the settings' `jwks_url`.
        open_resources: Opens what the service holds beside the common resources, and closes it in the end.

    Raises:
        ValueError: A route did not come from `api_router`, or two operations share an id.
    """
    metrics = HttpMetrics(name, shared=settings.http.figures)
    routes = RouteNames()
    headers = SecurityHeaders(strict_transport=settings.deployment.in_production)
    limits = BodyLimits(settings.http.max_body_bytes, body_limits or {})
    turns = Turns(settings.database_of_process.connections, settings.http.turn_seconds)

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        async with (
            open_common_resources(settings, service=name, key_source=key_source) as common,
            open_resources(common) as opened,
            publishing(settings.metrics.scope, name, common.database.pool_use),
        ):
            running.state.resources = opened
            metrics.watch(common.database.pool_use.now)
            yield

    app = Application(
        title=f"AccuNode {name}",
        description=description,
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        middleware=[
            Middleware(Exchange, metrics=metrics, routes=routes, headers=headers),
            Middleware(NegotiateRepresentations),
            Middleware(LimitBody, limits=limits, idle_seconds=settings.http.body_idle_seconds),
            Middleware(TakeTurns, turns=turns, without=frozenset(body_limits or ())),
        ],
    )
    problems.install(app)
    for router in routers:
        app.include_router(router, prefix=API_PREFIX)
    for router in root_routers:
        app.include_router(router)
    check(app)
    app.include_router(system_router(name, metrics))
    openapi.install(app)
    routes.learn(app)
    limits.learn(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
