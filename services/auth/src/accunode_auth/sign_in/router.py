"""Signing in."""

from accunode_auth.parts import AppResources, AuthParts, RequestOrigin
from accunode_auth.public import PublicRoute
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.sign_in import service
from accunode_auth.sign_in.schemas import LoginIn
from accunode_common.http.app import api_router

router = api_router("/auth", tag="sign-in")


@router.post("/login", summary="Sign in", dependencies=[PublicRoute])
async def log_in(parts: AuthParts, app: AppResources, origin: RequestOrigin, body: LoginIn) -> TokenPair:
    """Tokens for an address and its password."""
    return TokenPair.of(await service.sign_in(app, parts, body.email, body.password, origin))
