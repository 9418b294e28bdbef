"""Opens the enrolment of one factor to who has an enrolment challenge, and completes the sign-in with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships import service as memberships
from accunode_auth.mfa import service as mfa
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.passkeys import service as passkeys
from accunode_auth.passkeys.schemas import NewCredential
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions.service import Tokens
from accunode_auth.sign_in import service as sign_in
from accunode_common.auth.credentials import Credential
from accunode_common.db.session import AccessContext
from accunode_common.errors import ConflictError, GoneError, UnauthenticatedError
from accunode_common.http.trail import Origin
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import AuthenticationMethod, TokenPurpose

_REFUSED = "The challenge is wrong, used, or too late; sign in again."


async def begin_authenticator(app: Resources, text: str) -> tuple[str, str]:
    """A new authenticator's secret and URI.

    Raises:
        UnauthenticatedError: The challenge is wrong, used, or too late.
        ConflictError: The person enrolled a factor meanwhile.
    """
    async with _opened(app, text) as (session, _, user_id):
        return await mfa.enrol(session, app, user_id)


async def begin_passkey(app: Resources, text: str) -> dict[str, Any]:
    """What a browser needs to make a passkey.

    Raises:
        UnauthenticatedError: The challenge is wrong, used, or too late.
        ConflictError: The person enrolled a factor meanwhile.
    """
    async with _opened(app, text) as (session, _, user_id):
        return await passkeys.creation_options(session, app, user_id)


async def complete_authenticator(
    app: Resources, notices: Notices, origin: Origin, text: str, *, code: str, device_token: str | None
) -> tuple[Tokens, list[str]]:
    """Tokens and recovery codes for a code of the new authenticator.

    Raises:
        UnauthenticatedError: The challenge is wrong, used, or too late.
        NotFoundError: There is no authenticator to confirm.
        UnprocessableInputError: The code is wrong.
    """
    async with _opened(app, text) as (session, credential, user_id):
        codes = await mfa.confirm(session, app, user_id, code)
        await _record(session, user_id, origin, "mfa.confirm")
        await notices.tell(session, user_id, CredentialChange.AUTHENTICATOR_ADDED)
        method = AuthenticationMethod.ONE_TIME_PASSWORD
        return await _sign_in(session, app, credential, origin, method, device_token), codes


async def complete_passkey(
    app: Resources,
    notices: Notices,
    origin: Origin,
    text: str,
    *,
    label: str,
    new: NewCredential,
    device_token: str | None,
) -> tuple[Tokens, list[str]]:
    """Tokens and recovery codes for a new passkey.

    Raises:
        UnauthenticatedError: The challenge is wrong, used, or too late.
        UnprocessableInputError: The passkey is not what was asked for.
    """
    async with _opened(app, text) as (session, credential, user_id):
        _, codes = await passkeys.register(session, app, user_id, label=label, credential=new)
        await _record(session, user_id, origin, "passkey.add")
        await notices.tell(session, user_id, CredentialChange.PASSKEY_ADDED)
        method = AuthenticationMethod.PASSKEY
        return await _sign_in(session, app, credential, origin, method, device_token), codes


@asynccontextmanager
async def _opened(app: Resources, text: str) -> AsyncIterator[tuple[AsyncSession, Credential, UUID]]:
    try:
        credential = registration.parse_token(TokenPurpose.ENROLMENT, text)
        user_id = credential.ids[0]
        async with app.database.transaction(AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)) as session:
            await registration.require_token(session, TokenPurpose.ENROLMENT, credential)
            if await second_factors.enrolled(session, user_id):
                raise ConflictError("You have a second factor already; sign in again and show it.")
            yield session, credential, user_id
    except GoneError:
        raise UnauthenticatedError(_REFUSED) from None


async def _sign_in(
    session: AsyncSession,
    app: Resources,
    credential: Credential,
    origin: Origin,
    method: AuthenticationMethod,
    device_token: str | None,
) -> Tokens:
    before = await registration.spend_token(session, TokenPurpose.ENROLMENT, credential)
    methods = [*before, method]
    outcome = await sign_in.begin_session(
        session, app, credential.ids[0], origin, methods=methods, device_token=device_token
    )
    if not isinstance(outcome, Tokens):
        raise UnauthenticatedError(_REFUSED)
    return outcome


async def _record(session: AsyncSession, user_id: UUID, origin: Origin, action: str) -> None:
    entry = origin.entry(action, "user", user_id, tenant_id=PLATFORM_TENANT_ID, actor_id=user_id)
    await memberships.record_for_tenants(session, user_id, entry)
