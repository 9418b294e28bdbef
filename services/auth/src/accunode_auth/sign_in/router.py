"""Signing in."""

from accunode_auth.notices.service import PersonNotices
from accunode_auth.passkeys import service as passkeys
from accunode_auth.passkeys.schemas import RequestOptions
from accunode_auth.public_routes import SignInRoute
from accunode_auth.resources import AppResources
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.sign_in import service
from accunode_auth.sign_in.schemas import (
    ChallengeIn,
    ChallengeRef,
    EnrolmentRequired,
    LoginIn,
    MfaRequired,
    PasskeyLoginIn,
    reply_to,
)
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth", tag="sign-in")


@router.post("/login", summary="Sign in", dependencies=[SignInRoute], responses=problem_responses(401, 403))
async def log_in(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: LoginIn
) -> TokenPair | MfaRequired | EnrolmentRequired:
    """Tokens for an address and its password; or a challenge where a second step is needed, or a second factor must be
    enrolled before anything else.
    """
    outcome = await service.sign_in(app, body.email, body.password, origin, body.device_token)
    return reply_to(await service.announce(app, notices, outcome))


@router.post(
    "/mfa/challenge",
    summary="Take the second step",
    dependencies=[SignInRoute],
    responses=problem_responses(401, 403),
)
async def complete_challenge(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: ChallengeIn
) -> TokenPair | MfaRequired | EnrolmentRequired:
    """Tokens for a challenge and what was asked for: a code of the authenticator, a recovery code, or a passkey."""
    outcome = await service.complete_challenge(app, body.challenge, body.shown, origin, body.device_token)
    return reply_to(await service.announce(app, notices, outcome))


@router.post(
    "/mfa/challenge/options",
    summary="Begin the second step with a passkey",
    dependencies=[SignInRoute],
    responses=problem_responses(401, 404),
)
async def begin_challenge(app: AppResources, body: ChallengeRef) -> RequestOptions:
    """What the browser needs to show a passkey; POST /auth/mfa/challenge takes what it signed."""
    return RequestOptions(public_key=await service.challenge_options(app, body.challenge))


@router.post("/passkeys/sign-in/options", summary="Begin to sign in with a passkey", dependencies=[SignInRoute])
async def begin_passkey_sign_in(app: AppResources) -> RequestOptions:
    """What the browser needs to show a passkey of whoever is there; POST /auth/passkeys/sign-in takes the rest."""
    return RequestOptions(public_key=await passkeys.sign_in_options(app))


@router.post(
    "/passkeys/sign-in",
    summary="Sign in with a passkey",
    dependencies=[SignInRoute],
    responses=problem_responses(401, 403),
)
async def sign_in_with_passkey(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: PasskeyLoginIn
) -> TokenPair | MfaRequired | EnrolmentRequired:
    """Tokens for a passkey alone: its authenticator verified its owner, so that it counts as two factors."""
    outcome = await service.sign_in_with_passkey(app, body.credential, origin, body.device_token)
    return reply_to(await service.announce(app, notices, outcome))
