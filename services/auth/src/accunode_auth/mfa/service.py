"""Enrolling, checking and removing an authenticator. The transaction's context must be the person's."""

import base64
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa import repository, totp
from accunode_auth.mfa.vault import Vault
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import service as sessions
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError, UnprocessableInputError
from accunode_common.http.trail import Trail
from accunode_common.models.identity import AuthenticationMethod, TotpCredential
from accunode_common.ratelimit import RateLimit

ISSUER = "AccuNode"
TRIES = RateLimit("second-step", 5, 300)


async def enrol(session: AsyncSession, app: Resources, user_id: UUID) -> tuple[str, str]:
    """A new authenticator's secret and URI; it counts once confirmed.

    Raises:
        ConflictError: The person has a confirmed one.
    """
    existing = await repository.find(session, user_id)
    if existing is not None and existing.confirmed_at is not None:
        raise ConflictError("You have an authenticator already; remove it first.")
    secret = totp.new_secret()
    sealed = Vault(app.settings.mfa).seal(user_id, base64.b32decode(secret))
    await repository.remove(session, user_id)
    await repository.add(session, user_id, sealed)
    return secret, totp.enrolment_uri(secret, account=await repository.email(session, user_id), issuer=ISSUER)


async def enrol_in_session(session: AsyncSession, app: Resources, subject: Subject, trail: Trail) -> tuple[str, str]:
    """Enrol an authenticator for the caller."""
    made = await enrol(session, app, subject.user_id)
    await trail.record(session, "mfa.enrol", "user", subject.user_id)
    return made


async def confirm(session: AsyncSession, app: Resources, user_id: UUID, code: str) -> list[str]:
    """Make a new authenticator count; gives recovery codes to who has none.

    Raises:
        NotFoundError: The person has none to confirm.
        UnprocessableInputError: The code is wrong.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(TRIES, caller=str(user_id))).enforce()
    credential = await repository.find(session, user_id)
    if credential is None or credential.confirmed_at is not None:
        raise NotFoundError("You have no authenticator to confirm.")
    step = totp.matching_step(_secret(app, credential), code, after=None)
    if step is None:
        raise UnprocessableInputError.at("/body/code", "wrong_code", "The code is wrong; is the clock right?")
    await repository.confirm(session, credential, step=step, at=datetime.now(UTC))
    return await second_factors.codes_for_first(session, user_id)


async def confirm_in_session(
    session: AsyncSession, app: Resources, subject: Subject, trail: Trail, notices: Notices, code: str
) -> list[str]:
    """Confirm the caller's authenticator; the session has shown a second factor from now on."""
    codes = await confirm(session, app, subject.user_id, code)
    await sessions.note_method(session, subject, AuthenticationMethod.ONE_TIME_PASSWORD)
    await trail.record(session, "mfa.confirm", "user", subject.user_id)
    await notices.tell(session, subject.user_id, CredentialChange.AUTHENTICATOR_ADDED)
    return codes


async def remove(session: AsyncSession, app: Resources, subject: Subject, trail: Trail, notices: Notices) -> None:
    """Remove the caller's authenticator.

    Raises:
        NotFoundError: The caller has none.
        ConflictError: It is the caller's last second factor, and one is required.
    """
    credential = await repository.find(session, subject.user_id)
    if credential is None or credential.confirmed_at is None:
        raise NotFoundError("You have no authenticator.")
    await second_factors.refuse_to_remove_last(session, app, subject)
    await repository.remove(session, subject.user_id)
    await second_factors.forget_codes_of_none(session, subject.user_id)
    await trail.record(session, "mfa.remove", "user", subject.user_id)
    await notices.tell(session, subject.user_id, CredentialChange.AUTHENTICATOR_REMOVED)


async def check(session: AsyncSession, app: Resources, user_id: UUID, code: str) -> AuthenticationMethod | None:
    """What `code` is: the authenticator's, or a recovery code; either is good once. None if it is neither."""
    if not (len(code) == totp.DIGITS and code.isdecimal()):
        spent = await second_factors.spend_code(session, user_id, code)
        return AuthenticationMethod.RECOVERY_CODE if spent else None
    credential = await repository.find(session, user_id)
    if credential is None or credential.confirmed_at is None:
        return None
    step = totp.matching_step(_secret(app, credential), code, after=credential.last_step)
    if step is None:
        return None
    await repository.spend_step(session, credential, step)
    return AuthenticationMethod.ONE_TIME_PASSWORD


def _secret(app: Resources, credential: TotpCredential) -> str:
    return base64.b32encode(Vault(app.settings.mfa).open(credential.user_id, credential.secret_encrypted)).decode()
