"""Enrolling, checking and removing the second step."""

import base64
import hashlib
import secrets
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa import repository, totp
from accunode_auth.mfa.vault import Vault
from accunode_auth.parts import Parts
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError, UnprocessableInputError
from accunode_common.http.resources import Resources
from accunode_common.models.identity import AuthenticationMethod, TotpCredential
from accunode_common.ratelimit import RateLimit

ISSUER = "AccuNode"
RECOVERY_CODES = 10
TRIES = RateLimit("second-step", 5, 300)

_RECOVERY_BYTES = 10


async def enrol(db: AsyncSession, parts: Parts, subject: Subject) -> tuple[str, str]:
    """A new authenticator's secret and URI; it counts once confirmed.

    Raises:
        ConflictError: The caller has a confirmed one.
        ServiceUnavailableError: The service has no key to keep the secret under.
    """
    existing = await repository.find(db, subject.user_id)
    if existing is not None and existing.confirmed_at is not None:
        raise ConflictError("You have an authenticator already; remove it first.")
    secret = totp.new_secret()
    sealed = Vault(parts.settings).seal(subject.user_id, secret)
    await repository.remove(db, subject.user_id)
    db.add(TotpCredential(user_id=subject.user_id, secret_encrypted=sealed))
    await db.flush()
    email, _ = await repository.account(db, subject.user_id)
    return totp.base32(secret), totp.enrolment_uri(secret, account=email, issuer=ISSUER)


async def confirm(db: AsyncSession, app: Resources, parts: Parts, subject: Subject, code: str) -> list[str]:
    """Make a new authenticator count; gives recovery codes.

    Raises:
        NotFoundError: The caller has none to confirm.
        UnprocessableInputError: The code is wrong.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(TRIES, caller=str(subject.user_id))).enforce()
    credential = await repository.find(db, subject.user_id)
    if credential is None or credential.confirmed_at is not None:
        raise NotFoundError("You have no authenticator to confirm.")
    secret = Vault(parts.settings).open(subject.user_id, credential.secret_encrypted)
    step = totp.matching_step(secret, code, after=None)
    if step is None:
        raise UnprocessableInputError.at("/body/code", "wrong_code", "The code is wrong; is the clock right?")
    credential.confirmed_at, credential.last_step = datetime.now(UTC), step
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    await repository.replace_recovery_codes(db, subject.user_id, [_recovery_hash(code) for code in codes])
    return codes


async def remove(db: AsyncSession, subject: Subject) -> None:
    """Remove the caller's authenticator.

    Raises:
        NotFoundError: The caller has none.
    """
    if not await enrolled(db, subject.user_id):
        raise NotFoundError("You have no authenticator.")
    await repository.remove(db, subject.user_id)


async def enrolled(db: AsyncSession, user_id: UUID) -> bool:
    """Whether the person needs a second step. The transaction's context must be the person's."""
    return await repository.confirmed(db, user_id)


async def check(db: AsyncSession, parts: Parts, user_id: UUID, code: str) -> AuthenticationMethod | None:
    """What `code` is: the authenticator's, or a recovery code; either is good once. None if it is neither."""
    credential = await repository.find(db, user_id)
    if credential is None or credential.confirmed_at is None:
        return None
    if len(code) == totp.DIGITS and code.isdecimal():
        secret = Vault(parts.settings).open(user_id, credential.secret_encrypted)
        step = totp.matching_step(secret, code, after=credential.last_step)
        if step is None:
            return None
        credential.last_step = step
        await db.flush()
        return AuthenticationMethod.ONE_TIME_PASSWORD
    spent = await repository.spend_recovery_code(db, user_id, _recovery_hash(code))
    return AuthenticationMethod.RECOVERY_CODE if spent else None


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _recovery_hash(code: str) -> bytes:
    return hashlib.sha256("".join(code.casefold().replace("-", "").split()).encode()).digest()
