"""What the tenants service holds beside what every service holds."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request

from accunode_common.http.resources import Resources, resources
from accunode_common.mail import Mailer
from accunode_identity.session_revocation import SessionRevocation
from accunode_tenants.settings import TenantsSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The service's own means."""

    settings: TenantsSettings
    mailer: Mailer


def attach(app: FastAPI, parts: Parts) -> None:
    """Make `parts` those of `app`."""
    app.state.parts = parts


def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


def _session_revocation(app: Annotated[Resources, Depends(resources)]) -> SessionRevocation:
    return SessionRevocation(app.revocations)


AppParts = Annotated[Parts, Depends(_parts)]
AppResources = Annotated[Resources, Depends(resources)]
SessionRevoking = Annotated[SessionRevocation, Depends(_session_revocation)]
"""For handlers that take power away; the service calls it last in its transaction."""
