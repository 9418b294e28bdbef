"""Showing again who one is."""

from typing import Annotated

from fastapi import Depends

from accunode_auth.passkeys.schemas import RequestOptions
from accunode_auth.resources import AppResources
from accunode_auth.step_up import service
from accunode_auth.step_up.schemas import ProofIn, ProvedToken
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME, PROOF_LIFETIME
from accunode_common.http.app import api_router
from accunode_common.http.callers import requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.session import SecretSession
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth", tag="sessions")

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]


@router.post("/step-up/options", summary="Begin to show a passkey again", responses=problem_responses(404))
async def begin_step_up(subject: Owner, app: AppResources, session: SecretSession) -> RequestOptions:
    """What the browser needs to show one of the caller's passkeys; POST /auth/step-up takes what it signed."""
    return RequestOptions(public_key=await service.passkey_options(session, app, subject))


@router.post("/step-up", summary="Show again who you are")
async def step_up(
    subject: Owner,
    app: AppResources,
    origin: RequestOrigin,
    session: SecretSession,
    body: ProofIn,
) -> ProvedToken:
    """An access token that for five minutes opens the operations marked `x-step-up`: those that change how one signs in
    or hand out power. They answer 403 `step_up_required` to any other token.

    Who has a second factor shows that, and who has none the password.
    """
    token = await service.prove(session, app, subject, origin, body)
    return ProvedToken(
        access_token=token,
        token_type="Bearer",  # noqa: S106 - a scheme
        expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        proof_expires_in=int(PROOF_LIFETIME.total_seconds()),
    )
