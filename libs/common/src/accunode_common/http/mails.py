"""Mails that leave after the reply, so that a transaction that fails sends none."""

from fastapi import BackgroundTasks

from accunode_common.mail import Mail, Mailer


class DeferredMailer:
    """Sends mails after the reply of one request."""

    def __init__(self, mailer: Mailer, afterwards: BackgroundTasks) -> None:
        self._mailer = mailer
        self._afterwards = afterwards

    def send(self, mail: Mail | None) -> None:
        """Send the mail, if there is one, once the request has ended well."""
        if mail is not None:
            self._afterwards.add_task(self._mailer.send, mail)
