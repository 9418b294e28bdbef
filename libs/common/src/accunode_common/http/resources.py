"""What an application holds open while it runs: the database pool, Redis, the token verifier.

A service's own resources are a class of its own, which its handlers get by one dependency:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Resources(CommonResources):
        settings: TenantsSettings
        mailer: Mailer

    AppResources = Annotated[Resources, Depends(ResourcesOf(Resources))]

`create_service_app` opens them in the application's lifespan, over the common ones.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from redis.asyncio import Redis
from starlette.requests import Request

from accunode_common.auth.jwks import KeySource, RemoteKeys, parse_key_set
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.tokens import TokenVerifier
from accunode_common.db.session import Database
from accunode_common.ratelimit import RateLimit, RateLimiter
from accunode_common.redis_clients import async_client
from accunode_common.settings import ApiSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonResources:
    """What the handlers and dependencies of every service may use; one per application."""

    settings: ApiSettings
    database: Database
    redis: Redis
    verifier: TokenVerifier
    revocations: Revocations
    limiter: RateLimiter
    rate_limit: RateLimit

    def shared(self) -> dict[str, Any]:
        """All but the settings, by name: for the service's own resources, which are built over these."""
        return {field.name: getattr(self, field.name) for field in fields(CommonResources) if field.name != "settings"}


_Held = TypeVar("_Held", bound=CommonResources)
Opener = Callable[[CommonResources], AbstractAsyncContextManager[CommonResources]]
"""Opens a service's own resources over the common ones."""


@dataclass(frozen=True)
class ResourcesOf(Generic[_Held]):
    """The dependency that gives a handler what its application holds, as the class that the service says."""

    kind: type[_Held]

    async def __call__(self, request: Request) -> _Held:
        """What the application that answers `request` holds."""
        return self.of(request)

    def of(self, request: Request) -> _Held:
        """What an application holds, without FastAPI.

        Raises:
            TypeError: The application holds something else.
        """
        held = request.app.state.resources
        if not isinstance(held, self.kind):
            raise TypeError(f"The application holds {type(held).__name__}, and no {self.kind.__name__}.")
        return held


resources = ResourcesOf(CommonResources).of
"""What the application that answers a request holds, as far as every service holds it."""


@asynccontextmanager
async def open_common_resources(
    settings: ApiSettings, *, service: str, key_source: KeySource | None
) -> AsyncIterator[CommonResources]:
    """Open what the application needs, and close it in the end. Nothing is contacted yet.

    Raises:
        ValueError: There is neither a `key_source` nor a setting that says where the keys are.
    """
    async with AsyncExitStack() as stack:
        if key_source is None:
            if settings.tokens.jwks_url is None:
                raise ValueError("Settings without jwks_url need a key source.")
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=2.0))
            key_source = RemoteKeys[Ed25519PublicKey](client, str(settings.tokens.jwks_url), parse=parse_key_set)
        database = Database(settings.database_of_process, f"accunode-{service}")
        stack.push_async_callback(database.close)
        redis = async_client(settings.redis)
        stack.push_async_callback(redis.aclose)
        revocations = Revocations(redis, database)
        stack.push_async_callback(revocations.close)
        yield CommonResources(
            settings=settings,
            database=database,
            redis=redis,
            verifier=TokenVerifier(key_source, issuer=settings.tokens.issuer, audience=settings.tokens.audience),
            revocations=revocations,
            limiter=RateLimiter(redis),
            rate_limit=RateLimit("caller", settings.rate_limit.requests, settings.rate_limit.seconds),
        )
