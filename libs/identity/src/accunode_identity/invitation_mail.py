"""The mail that an invitation is: the same whether or not its address has an account."""

import hashlib

from accunode_common.mail import Mail
from accunode_common.models.invitations import Invitation
from accunode_common.ratelimit import RateLimit, RateLimiter
from accunode_common.settings import MailSettings
from accunode_identity.invitations import LIFETIME, Issued

MAILS = RateLimit("invitation-mail", 5, 3600)


def invitation_mail(settings: MailSettings, issued: Issued) -> Mail:
    """The mail to the address that was invited."""
    api = f"{settings.public_url}/api/v1"
    scope = issued.scope
    where = (
        scope.tenant_name if scope.organization_name is None else f"{scope.organization_name} of {scope.tenant_name}"
    )
    managed = "\n\nIt manages its people's accounts, and asks you to accept that." if issued.invitation.managed else ""
    return Mail(
        to=issued.invitation.email,
        subject="An invitation to AccuNode",
        text=(
            f"You are invited to {where} on AccuNode, with the role {issued.invitation.role}.{managed}\n\n"
            "If you have an account under this address, sign in: the invitation is in\n"
            f"GET {api}/users/me/invitations\n\n"
            "If you have none, make one and accept by sending the token below, a password and your name to\n"
            f"POST {api}/auth/invitations/accept within {LIFETIME.days} days:\n\n{issued.token}\n\n"
            "If you do not know who invites you, do nothing: nothing changes without you.\n"
        ),
    )


async def limit_mails(limiter: RateLimiter, invitation: Invitation) -> None:
    """Keep a tenant from flooding a mailbox with invitations.

    Raises:
        RateLimitedError: The tenant sent the address too many within the hour.
    """
    whose = hashlib.sha256(f"{invitation.tenant_id}:{invitation.email_key}".encode()).hexdigest()
    (await limiter.take(MAILS, caller=whose)).enforce()
