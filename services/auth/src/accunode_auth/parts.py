"""What the auth service holds beside what every service holds."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request

from accunode_auth.keys.keyring import KeyRing
from accunode_auth.settings import AuthSettings
from accunode_auth.single_sign_on.provider import Providers
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.http.context import request_info
from accunode_common.http.resources import Resources, resources
from accunode_common.http.trail import client_address
from accunode_common.mail import Mailer, make_mailer
from accunode_identity.session_revocation import SessionRevocation

_LONGEST_USER_AGENT = 300


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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from.

    Attributes:
        request_id: The request's id.
        address: The client's IP address.
        user_agent: What the client says it is.
    """

    request_id: str
    address: str | None
    user_agent: str


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


def _origin(request: Request) -> Origin:
    agent = request.headers.get("user-agent", "")
    printable = "".join(character for character in agent if character.isprintable())
    return Origin(request_info(request).request_id, client_address(request), printable[:_LONGEST_USER_AGENT])


def _session_revocation(app: Annotated[Resources, Depends(resources)]) -> SessionRevocation:
    return SessionRevocation(app.revocations)


AuthParts = Annotated[Parts, Depends(_parts)]
RequestOrigin = Annotated[Origin, Depends(_origin)]
AppResources = Annotated[Resources, Depends(resources)]
SessionRevoking = Annotated[SessionRevocation, Depends(_session_revocation)]
"""For handlers that take power away; the service calls it last in its transaction."""
