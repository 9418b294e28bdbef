"""What the tenants service's handlers may use."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends

from accunode_common.http.mails import DeferredMailer
from accunode_common.http.resources import CommonResources, ResourcesOf
from accunode_common.mail import Mailer
from accunode_identity.invitation_mail import InvitationMailer
from accunode_tenants.settings import TenantsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(CommonResources):
    """One per application."""

    settings: TenantsSettings
    mailer: Mailer


AppResources = Annotated[Resources, Depends(ResourcesOf(Resources))]


async def _invitation_mailer(app: AppResources, afterwards: BackgroundTasks) -> InvitationMailer:
    return InvitationMailer(app.limiter, app.settings.public.url, DeferredMailer(app.mailer, afterwards).send)


InvitationMailing = Annotated[InvitationMailer, Depends(_invitation_mailer)]
