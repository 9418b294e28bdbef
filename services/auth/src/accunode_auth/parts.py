"""What the auth service holds beside what every service holds."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import BackgroundTasks, Depends, FastAPI, Request

from accunode_auth.keys.keyring import KeyRing
from accunode_auth.settings import AuthSettings
from accunode_auth.single_sign_on.provider import Providers
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.resources import Resources, resources
from accunode_common.mail import Mailer, make_mailer
from accunode_identity.invitation_mail import InvitationMailer


@dataclass(frozen=True, slots=True)
class Parts:
    """The service's own means."""

    settings: AuthSettings
    keys: KeyRing
    passwords: PasswordHashing
    mailer: Mailer
    providers: Providers

    @asynccontextmanager
    async def discreetly(self) -> AsyncIterator[None]:
        """Let what happens inside end at multiples of a step only, so that its time tells nothing."""
        step, begun = self.settings.discreet_reply_time.total_seconds(), time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - begun
            await asyncio.sleep(max(1, math.ceil(spent / step)) * step - spent)


def make_parts(settings: AuthSettings) -> Parts:
    """The service's means, by its settings.

    Raises:
        SettingsError: The signing keys cannot be used.
    """
    return Parts(
        settings, KeyRing(settings), PasswordHashing(settings), make_mailer(settings), Providers(settings.environment)
    )


def attach(app: FastAPI, parts: Parts) -> None:
    """Make `parts` those of `app`."""
    app.state.parts = parts


def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


def _deferred_mailer(request: Request, afterwards: BackgroundTasks) -> DeferredMailer:
    return DeferredMailer(_parts(request).mailer, afterwards)


DeferredMails = Annotated[DeferredMailer, Depends(_deferred_mailer)]
"""For handlers whose service sends mails: they leave after the reply."""


def _invitation_mailer(
    request: Request, app: Annotated[Resources, Depends(resources)], mails: DeferredMails
) -> InvitationMailer:
    return InvitationMailer(app.limiter, _parts(request).settings.public_url, mails.send)


InvitationMailing = Annotated[InvitationMailer, Depends(_invitation_mailer)]
AuthParts = Annotated[Parts, Depends(_parts)]
AppResources = Annotated[Resources, Depends(resources)]
