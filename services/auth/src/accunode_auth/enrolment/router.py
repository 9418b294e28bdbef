"""Enrolling a second factor in the middle of signing in."""

from accunode_auth.enrolment import service
from accunode_auth.enrolment.schemas import AuthenticatorIn, EnrolledPasskeyIn, SignedInEnrolled
from accunode_auth.mfa.schemas import Enrolment
from accunode_auth.notices.service import PersonNotices
from accunode_auth.passkeys.schemas import CreationOptions
from accunode_auth.public_routes import PublicRoute
from accunode_auth.resources import AppResources
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.sign_in.schemas import ChallengeRef
from accunode_auth.sign_in.service import announce
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth/enrolment", tag="sign-in")


@router.post(
    "/totp", summary="Enrol an authenticator to sign in", dependencies=[PublicRoute], responses=problem_responses(401)
)
async def begin_required_authenticator(app: AppResources, body: ChallengeRef) -> Enrolment:
    """A secret for the authenticator of who was asked to enrol a second factor."""
    secret, uri = await service.begin_authenticator(app, body.challenge)
    return Enrolment(secret=secret, uri=uri)


@router.post(
    "/totp/confirm",
    summary="Confirm the authenticator, and sign in",
    dependencies=[PublicRoute],
    responses=problem_responses(401, 403, 404),
)
async def confirm_required_authenticator(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: AuthenticatorIn
) -> SignedInEnrolled:
    """Takes a code of the new authenticator, and gives the tokens that signing in could not give before."""
    tokens, codes = await service.complete_authenticator(
        app, notices, origin, body.challenge, code=body.code, device_token=body.device_token
    )
    await announce(app, notices, tokens)
    return SignedInEnrolled(tokens=TokenPair.of(tokens), recovery_codes=codes)


@router.post(
    "/passkey/options",
    summary="Begin to add a passkey to sign in",
    dependencies=[PublicRoute],
    responses=problem_responses(401),
)
async def begin_required_passkey(app: AppResources, body: ChallengeRef) -> CreationOptions:
    """What the browser needs to make a passkey for who was asked to enrol a second factor."""
    return CreationOptions(public_key=await service.begin_passkey(app, body.challenge))


@router.post(
    "/passkey",
    summary="Add the passkey, and sign in",
    dependencies=[PublicRoute],
    responses=problem_responses(401, 403),
)
async def add_required_passkey(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: EnrolledPasskeyIn
) -> SignedInEnrolled:
    """Takes the passkey that the browser made, and gives the tokens that signing in could not give before."""
    tokens, codes = await service.complete_passkey(
        app,
        notices,
        origin,
        body.challenge,
        label=body.label,
        new=body.credential,
        device_token=body.device_token,
    )
    await announce(app, notices, tokens)
    return SignedInEnrolled(tokens=TokenPair.of(tokens), recovery_codes=codes)
