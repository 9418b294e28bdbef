"""The mail that an invitation is: the same whether or not its address has an account."""

import hashlib
from collections.abc import Callable

from accunode_common.mail import Mail
from accunode_common.models.invitations import Invitation
from accunode_common.ratelimit import RateLimit, RateLimiter
from accunode_identity.invitations import LIFETIME, Issued

MAILS = RateLimit("invitation-mail", 5, 3600)


class InvitationMailer:
    """Mails invitations, at most a few an hour from a tenant to an address.

    Args:
        public_url: Where the API is.
        send: Sends a mail once the request has ended well.
    """

    def __init__(self, limiter: RateLimiter, public_url: str, send: Callable[[Mail], None]) -> None:
        self._limiter = limiter
        self._public_url = public_url
        self._send = send

    async def send(self, issued: Issued) -> None:
        """Mail the invitation to the address that was invited.

        Raises:
            RateLimitedError: The tenant sent the address too many within the hour.
        """
        (await self._limiter.take(MAILS, caller=_whose(issued.invitation))).enforce()
        self._send(invitation_mail(self._public_url, issued))


def invitation_mail(public_url: str, issued: Issued) -> Mail:
    """The mail to the address that was invited."""
    api = f"{public_url}/api/v1"
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


def _whose(invitation: Invitation) -> str:
    return hashlib.sha256(f"{invitation.tenant_id}:{invitation.email_key}".encode()).hexdigest()
