"""What the auth service's handlers may use."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends

from accunode_auth.keys.keyring import KeyRing
from accunode_auth.settings import AuthSettings
from accunode_auth.single_sign_on.provider import Providers
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.resources import CommonResources, ResourcesOf
from accunode_common.mail import Mailer
from accunode_identity.invitation_mail import InvitationMailer


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(CommonResources):
    """One per application."""

    settings: AuthSettings
    keys: KeyRing
    passwords: PasswordHashing
    mailer: Mailer
    providers: Providers


AppResources = Annotated[Resources, Depends(ResourcesOf(Resources))]


async def _deferred_mailer(app: AppResources, afterwards: BackgroundTasks) -> DeferredMailer:
    return DeferredMailer(app.mailer, afterwards)


DeferredMails = Annotated[DeferredMailer, Depends(_deferred_mailer)]
"""For handlers whose service sends mails: they leave after the reply."""


async def _invitation_mailer(app: AppResources, mails: DeferredMails) -> InvitationMailer:
    return InvitationMailer(app.limiter, app.settings.public.url, mails.send)


InvitationMailing = Annotated[InvitationMailer, Depends(_invitation_mailer)]
