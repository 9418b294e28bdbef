"""Routes open to anybody: each counts the client's address."""

from fastapi import Depends, Request

from accunode_auth.parts import AuthParts
from accunode_common.http.limits import limit_address
from accunode_common.ratelimit import RateLimit


async def _limit_address(request: Request, parts: AuthParts) -> None:
    await limit_address(request, RateLimit("address", parts.settings.public_requests, 60))


PublicRoute = Depends(_limit_address)
