"""Rate limits of routes that have no caller yet: they count addresses."""

from fastapi import Request

from accunode_common.http.context import request_info
from accunode_common.http.resources import resources
from accunode_common.http.trail import client_address
from accunode_common.ratelimit import RateLimit


async def limit_address(request: Request, limit: RateLimit) -> None:
    """Count one request of the client's address.

    Raises:
        RateLimitedError: The address asked too often.
        redis.exceptions.RedisError: Redis did not answer; the caller is told 503.
    """
    verdict = await resources(request).limiter.take(limit, caller=client_address(request) or "unknown")
    request_info(request).reply_headers.update(verdict.headers())
    verdict.enforce()
