"""Tells a person that a credential of theirs has changed, so that a thief's change does not go unseen.

    async def enrol(notices: PersonNotices, session: SecretSession, ...):
        ...
        await notices.tell(session, subject.user_id, CredentialChange.AUTHENTICATOR_ADDED)

The mail leaves after the reply; a transaction that fails sends none.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.devices.labels import label
from accunode_auth.notices import repository
from accunode_auth.resources import DeferredMails
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.trail import Origin, RequestOrigin
from accunode_common.mail import Mail


class CredentialChange(StrEnum):
    """What has changed, as the mail says it."""

    PASSWORD_CHANGED = "the password was changed"
    PASSWORD_RESET = "the password was reset with a mailed token"
    AUTHENTICATOR_ADDED = "an authenticator was added"
    AUTHENTICATOR_REMOVED = "the authenticator was removed"
    RECOVERY_CODES_RENEWED = "new recovery codes were made"
    PASSKEY_ADDED = "a passkey was added"
    PASSKEY_REMOVED = "a passkey was removed"
    API_KEY_MADE = "an API key was made"
    EMAIL_CHANGED = "the e-mail address was changed"
    NEW_DEVICE = "a device signed in that was not known"


class Notices:
    """Sends notices after the reply of one request."""

    def __init__(self, mails: DeferredMailer, origin: Origin) -> None:
        self._mails = mails
        self._origin = origin

    async def tell(self, session: AsyncSession, user_id: UUID, change: CredentialChange) -> None:
        """Tell the person, at the address they have now. The transaction's context must let their row be seen."""
        address = await repository.address(session, user_id)
        if address is not None:
            self.tell_address(address, change)

    def tell_address(self, address: str, change: CredentialChange) -> None:
        """Tell whoever reads the address."""
        self._mails.send(notice(address, change, self._origin, datetime.now(UTC)))


def notice(address: str, change: CredentialChange, origin: Origin, moment: datetime) -> Mail:
    """The mail; it holds no link, so that nobody learns to follow one."""
    return Mail(
        to=address,
        subject="A change to how you sign in to AccuNode",
        text=(
            f"On {moment:%d %B %Y at %H:%M} UTC, {change} for your AccuNode account.\n\n"
            f"Address: {origin.address or 'unknown'}\nDevice: {label(origin.user_agent)}\n\n"
            "If it was you, there is nothing to do. If not, reset your password, end all sessions, and tell your\n"
            "administrator.\n"
        ),
    )


async def _notices(mails: DeferredMails, origin: RequestOrigin) -> Notices:
    return Notices(mails, origin)


PersonNotices = Annotated[Notices, Depends(_notices)]
"""For handlers that change a credential: `await notices.tell(session, user_id, change)`."""
