"""How often one client may call the routes that are open to anybody, and how often an address gets a mail: one table.

Each class has a count of its own, so that refreshing never keeps anybody from signing in, and an office behind one
address has room for everybody in it. What is counted by a credential is counted once it proved genuine, so that
nobody uses up another's. Guesses of passwords are slowed down beside this, by `accunode_auth.sign_in.guesses`.
"""

import hashlib
from enum import StrEnum
from uuid import UUID

from accunode_auth.resources import Resources
from accunode_auth.settings import AnonymousSettings
from accunode_common.emails import email_key
from accunode_common.ratelimit import RateLimit


class CountedBy(StrEnum):
    """What a rate limit counts by."""

    ADDRESS = "address"
    CREDENTIAL = "credential"
    MAILBOX = "mailbox"


class LimitClass(StrEnum):
    """A class of routes or mails with a rate limit of its own."""

    SIGN_IN = "sign-in"
    REFRESH = "refresh"
    KEY_EXCHANGE = "key-exchange"
    ACCOUNT = "account"
    SESSION_REFRESH = "session-refresh"
    KEY_USE = "key-use"
    PROVISIONING = "provisioning"
    PROVISIONING_USE = "provisioning-use"
    REGISTRATION_MAIL = "registration-mail"
    RESET_MAIL = "reset-mail"
    ADDRESS_MAIL = "address-mail"


LIMITS: dict[LimitClass, tuple[CountedBy, int, int]] = {
    LimitClass.SIGN_IN: (CountedBy.ADDRESS, 300, 60),
    LimitClass.REFRESH: (CountedBy.ADDRESS, 1200, 60),
    LimitClass.KEY_EXCHANGE: (CountedBy.ADDRESS, 600, 60),
    LimitClass.ACCOUNT: (CountedBy.ADDRESS, 60, 60),
    LimitClass.SESSION_REFRESH: (CountedBy.CREDENTIAL, 120, 60),
    LimitClass.KEY_USE: (CountedBy.CREDENTIAL, 120, 60),
    LimitClass.PROVISIONING: (CountedBy.ADDRESS, 1200, 60),
    LimitClass.PROVISIONING_USE: (CountedBy.CREDENTIAL, 600, 60),
    LimitClass.REGISTRATION_MAIL: (CountedBy.MAILBOX, 1, 3600),
    LimitClass.RESET_MAIL: (CountedBy.MAILBOX, 1, 3600),
    LimitClass.ADDRESS_MAIL: (CountedBy.MAILBOX, 1, 3600),
}
"""Whose requests are counted, how many are let through, and in how many seconds."""


def limit(settings: AnonymousSettings, of: LimitClass) -> RateLimit:
    """The limit of a class, by the settings' scale."""
    _, requests, seconds = LIMITS[of]
    return RateLimit(of, max(1, round(requests * settings.limit_scale)), seconds)


async def count_use(app: Resources, of: LimitClass, credential_id: UUID) -> None:
    """Count one use of a session or a key that proved genuine.

    Raises:
        RateLimitedError: It is used too often.
    """
    (await app.limiter.take(limit(app.settings.anonymous, of), caller=str(credential_id))).enforce()


async def mail_due(app: Resources, of: LimitClass, email: str) -> bool:
    """Whether an address, known or not, may get a mail of the class now, which is counted."""
    mailbox = hashlib.sha256(email_key(email).encode()).hexdigest()
    return (await app.limiter.take(limit(app.settings.anonymous, of), caller=mailbox)).allowed
