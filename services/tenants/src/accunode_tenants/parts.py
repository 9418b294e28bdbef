"""What the tenants service holds beside what every service holds."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import BackgroundTasks, Depends, FastAPI, Request

from accunode_common.http.mails import DeferredMailer
from accunode_common.http.resources import Resources, resources
from accunode_common.mail import Mailer
from accunode_identity.invitation_mail import InvitationMailer
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


def _invitation_mailer(
    request: Request, app: Annotated[Resources, Depends(resources)], afterwards: BackgroundTasks
) -> InvitationMailer:
    parts = _parts(request)
    return InvitationMailer(app.limiter, parts.settings.public_url, DeferredMailer(parts.mailer, afterwards).send)


InvitationMailing = Annotated[InvitationMailer, Depends(_invitation_mailer)]
AppParts = Annotated[Parts, Depends(_parts)]
AppResources = Annotated[Resources, Depends(resources)]
