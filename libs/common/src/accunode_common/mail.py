"""Mails to people: over SMTP, or into a folder where nobody is to be bothered."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from accunode_common.environment import SettingsError
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.settings import MailSettings

_SMTP_SECONDS = 10

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mails. It never raises: a person who got none asks again."""

    async def send(self, mail: Mail) -> None:
        """Send `mail`."""


class NoMailer:
    """For installations without mail."""

    async def send(self, mail: Mail) -> None:
        """Say in the log that there was one."""
        logger.warning("mail not sent: no mail_url is set", subject=mail.subject)


class _DeliveringMailer:
    def __init__(self, sender: str) -> None:
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Deliver `mail`, or log why not."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.to, mail.subject
        message.set_content(mail.text)
        try:
            await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException) as error:
            logger.error("mail not sent", subject=mail.subject, reason=str(error))

    def _deliver(self, message: EmailMessage) -> None:
        raise NotImplementedError


class FileMailer(_DeliveringMailer):
    """Writes each mail as a file of its own."""

    def __init__(self, sender: str, folder: Path) -> None:
        super().__init__(sender)
        self._folder = folder

    def _deliver(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._folder / f"{new_id()}.eml"
        file.touch(mode=0o600)
        file.write_bytes(message.as_bytes())


class SmtpMailer(_DeliveringMailer):
    """Hands mails to an SMTP server, over TLS unless the server is this machine."""

    def __init__(self, sender: str, url: str) -> None:
        super().__init__(sender)
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port or 587
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def _deliver(self, message: EmailMessage) -> None:
        with smtplib.SMTP(self._host, self._port, timeout=_SMTP_SECONDS) as server:
            if self._host not in ("localhost", "127.0.0.1"):
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)


def make_mailer(settings: MailSettings) -> Mailer:
    """The mailer that the settings name.

    Raises:
        SettingsError: `mail_url` is of no known kind.
    """
    if settings.url is None:
        return NoMailer()
    url = settings.url.get_secret_value()
    if url.startswith("file:///"):
        return FileMailer(settings.sender, Path(unquote(urlsplit(url).path)))
    if url.startswith("smtp://"):
        return SmtpMailer(settings.sender, url)
    raise SettingsError("ACCUNODE_MAIL_URL is neither smtp://host:port nor file:///folder.")
