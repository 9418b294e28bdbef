"""`/health`, and for the machinery around a service alone, `/ready` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from psycopg import Error as DriverError
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from accunode_common import migrations
from accunode_common.http.machinery import refuse_strangers
from accunode_common.http.resources import CommonResources, resources
from accunode_common.log import get_logger
from accunode_common.schemas import ResponseModel
from accunode_common.telemetry import HttpMetrics

_CHECK_SECONDS = 3.0

logger = get_logger(__name__)


class Health(ResponseModel):
    """The process lives."""

    status: Literal["alive"]
    service: str


class Readiness(ResponseModel):
    """Whether the service can do its work, part by part."""

    status: Literal["ready", "not_ready"]
    service: str
    checks: dict[str, Literal["ok", "failed"]]


@lru_cache
def _head_revision() -> str:
    return migrations.head()


async def _database(app: CommonResources) -> bool:
    async with app.database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return True


async def _migrations(app: CommonResources) -> bool:
    async with app.database.engine.connect() as connection:
        current = await connection.scalar(text("SELECT version_num FROM public.alembic_version"))
    return bool(current == _head_revision())


async def _redis(app: CommonResources) -> bool:
    return bool(await app.redis.ping())


async def _holds(name: str, check: Callable[[CommonResources], Awaitable[bool]], app: CommonResources) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check(app)
    except (SQLAlchemyError, DriverError, RedisError, OSError, TimeoutError) as error:
        logger.warning("readiness check failed", check=name, reason=str(error))
        return False


def system_router(service: str, metrics: HttpMetrics) -> APIRouter:
    """The routes that every service has beside the API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health")
    async def health() -> Health:
        return Health(status="alive", service=service)

    @router.get("/ready", dependencies=[Depends(refuse_strangers)])
    async def ready(request: Request, response: Response) -> Readiness:
        app = resources(request)
        checks = {"database": _database, "redis": _redis, "migrations": _migrations}
        held = await asyncio.gather(*(_holds(name, check, app) for name, check in checks.items()))
        response.status_code = 200 if all(held) else 503
        return Readiness(
            status="ready" if all(held) else "not_ready",
            service=service,
            checks={name: "ok" if ok else "failed" for name, ok in zip(checks, held, strict=True)},
        )

    @router.get("/metrics", dependencies=[Depends(refuse_strangers)])
    async def prometheus() -> Response:
        return Response(metrics.render(), media_type=HttpMetrics.content_type)

    return router
