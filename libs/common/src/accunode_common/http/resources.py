"""What an application holds open while it runs: the database pool, Redis, the token verifier, metrics."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.requests import Request

from accunode_common.auth.jwks import KeySource, RemoteKeys, parse_key_set
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.tokens import TokenVerifier
from accunode_common.db.session import Database
from accunode_common.ratelimit import RateLimit, RateLimiter
from accunode_common.settings import ApiSettings, RedisSettings

_REDIS_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What handlers and dependencies may use; one per application."""

    settings: ApiSettings
    database: Database
    redis: Redis
    verifier: TokenVerifier
    revocations: Revocations
    limiter: RateLimiter
    rate_limit: RateLimit


def resources(request: Request) -> Resources:
    """What the application that answers `request` holds."""
    return cast(Resources, request.app.state.resources)


def redis_client(settings: RedisSettings) -> Redis:
    """A client that gives up within seconds, so that a dead Redis never holds a request."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


@asynccontextmanager
async def open_resources(
    settings: ApiSettings, *, service: str, key_source: KeySource | None
) -> AsyncIterator[Resources]:
    """Open what the application needs, and close it in the end. Nothing is contacted yet.

    Raises:
        ValueError: There is neither a `key_source` nor a setting that says where the keys are.
    """
    async with AsyncExitStack() as stack:
        if key_source is None:
            if settings.jwks_url is None:
                raise ValueError("Settings without jwks_url need a key source.")
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=2.0))
            key_source = RemoteKeys[Ed25519PublicKey](client, str(settings.jwks_url), parse=parse_key_set)
        database = Database(settings, f"accunode-{service}")
        stack.push_async_callback(database.close)
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        revocations = Revocations(redis, database)
        stack.push_async_callback(revocations.close)
        yield Resources(
            settings=settings,
            database=database,
            redis=redis,
            verifier=TokenVerifier(key_source, issuer=settings.token_issuer, audience=settings.token_audience),
            revocations=revocations,
            limiter=RateLimiter(redis),
            rate_limit=RateLimit("caller", settings.rate_limit_requests, settings.rate_limit_seconds),
        )
