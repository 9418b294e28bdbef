"""Signing in."""

from accunode_auth.parts import AppResources, AuthParts, RequestOrigin
from accunode_auth.public import PublicRoute
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.sign_in import service
from accunode_auth.sign_in.schemas import ChallengeIn, LoginIn, MfaRequired
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses

router = api_router("/auth", tag="sign-in")


@router.post("/login", summary="Sign in", dependencies=[PublicRoute], responses=problem_responses(401))
async def log_in(parts: AuthParts, app: AppResources, origin: RequestOrigin, body: LoginIn) -> TokenPair | MfaRequired:
    """Tokens for an address and its password, or a challenge where a second step is needed."""
    outcome = await service.sign_in(app, parts, body.email, body.password, origin, body.device_token)
    if isinstance(outcome, service.Challenge):
        return MfaRequired(mfa_required=True, challenge=outcome.text, expires_in=outcome.expires_in)
    return TokenPair.of(outcome)


@router.post(
    "/mfa/challenge",
    summary="Take the second step",
    dependencies=[PublicRoute],
    responses=problem_responses(401),
)
async def complete_challenge(
    parts: AuthParts, app: AppResources, origin: RequestOrigin, body: ChallengeIn
) -> TokenPair:
    """Tokens for a challenge and a code of the authenticator, or a recovery code."""
    return TokenPair.of(
        await service.complete_challenge(app, parts, body.challenge, body.code, origin, body.device_token)
    )
