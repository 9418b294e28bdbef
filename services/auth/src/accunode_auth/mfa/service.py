"""Enrolling, checking and removing an authenticator. The transaction's context must be the person's."""

import base64
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa import repository, totp
from accunode_auth.mfa.vault import Vault
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.repository import write_changes, write_row
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


async def enrol(db: AsyncSession, app: Resources, user_id: UUID) -> tuple[str, str]:
    """A new authenticator's secret and URI; it counts once confirmed.

    Raises:
        ConflictError: The person has a confirmed one.
    """
    existing = await repository.find(db, user_id)
    if existing is not None and existing.confirmed_at is not None:
        raise ConflictError("You have an authenticator already; remove it first.")
    secret = totp.new_secret()
    sealed = Vault(app.settings).seal(user_id, base64.b32decode(secret))
    await repository.remove(db, user_id)
    await write_row(db, TotpCredential(user_id=user_id, secret_encrypted=sealed))
    return secret, totp.enrolment_uri(secret, account=await repository.email(db, user_id), issuer=ISSUER)


async def enrol_in_session(db: AsyncSession, app: Resources, subject: Subject, trail: Trail) -> tuple[str, str]:
    """The same for the caller."""
    made = await enrol(db, app, subject.user_id)
    await trail.record(db, "mfa.enrol", "user", subject.user_id)
    return made


async def confirm(db: AsyncSession, app: Resources, user_id: UUID, code: str) -> list[str]:
    """Make a new authenticator count; gives recovery codes to who has none.

    Raises:
        NotFoundError: The person has none to confirm.
        UnprocessableInputError: The code is wrong.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(TRIES, caller=str(user_id))).enforce()
    credential = await repository.find(db, user_id)
    if credential is None or credential.confirmed_at is not None:
        raise NotFoundError("You have no authenticator to confirm.")
    step = totp.matching_step(_secret(app, credential), code, after=None)
    if step is None:
        raise UnprocessableInputError.at("/body/code", "wrong_code", "The code is wrong; is the clock right?")
    credential.confirmed_at, credential.last_step = datetime.now(UTC), step
    await write_changes(db)
    return await second_factors.codes_for_first(db, user_id)


async def confirm_in_session(
    db: AsyncSession, app: Resources, subject: Subject, trail: Trail, notices: Notices, code: str
) -> list[str]:
    """The same for the caller, whose session has shown a second factor from now on."""
    codes = await confirm(db, app, subject.user_id, code)
    await sessions.note_method(db, subject, AuthenticationMethod.ONE_TIME_PASSWORD)
    await trail.record(db, "mfa.confirm", "user", subject.user_id)
    await notices.tell(db, subject.user_id, CredentialChange.AUTHENTICATOR_ADDED)
    return codes


async def remove(db: AsyncSession, app: Resources, subject: Subject, trail: Trail, notices: Notices) -> None:
    """Remove the caller's authenticator.

    Raises:
        NotFoundError: The caller has none.
        ConflictError: It is the caller's last second factor, and one is required.
    """
    credential = await repository.find(db, subject.user_id)
    if credential is None or credential.confirmed_at is None:
        raise NotFoundError("You have no authenticator.")
    await second_factors.refuse_to_remove_last(db, app, subject)
    await repository.remove(db, subject.user_id)
    await second_factors.forget_codes_of_none(db, subject.user_id)
    await trail.record(db, "mfa.remove", "user", subject.user_id)
    await notices.tell(db, subject.user_id, CredentialChange.AUTHENTICATOR_REMOVED)


async def check(db: AsyncSession, app: Resources, user_id: UUID, code: str) -> AuthenticationMethod | None:
    """What `code` is: the authenticator's, or a recovery code; either is good once. None if it is neither."""
    if not (len(code) == totp.DIGITS and code.isdecimal()):
        spent = await second_factors.spend_code(db, user_id, code)
        return AuthenticationMethod.RECOVERY_CODE if spent else None
    credential = await repository.find(db, user_id)
    if credential is None or credential.confirmed_at is None:
        return None
    step = totp.matching_step(_secret(app, credential), code, after=credential.last_step)
    if step is None:
        return None
    credential.last_step = step
    await write_changes(db)
    return AuthenticationMethod.ONE_TIME_PASSWORD


def _secret(app: Resources, credential: TotpCredential) -> str:
    return base64.b32encode(Vault(app.settings).open(credential.user_id, credential.secret_encrypted)).decode()
