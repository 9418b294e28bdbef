"""Sign-ins under way, kept in Redis: each is good once, and not for long. Losing one means to begin anew."""

import base64
import hashlib
import hmac
import secrets
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

PENDING_SECONDS = 600
TICKET_SECONDS = 60
_SECRET_BYTES = 32


def new_secret() -> str:
    """256 random bits, as text for a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def code_challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)

    tenant_id: UUID
    binding: str

    def bound_to(self, secret: str | None) -> bool:
        """Whether `secret` is the one that the client got when it began."""
        return secret is not None and hmac.compare_digest(self.binding, digest(secret))


class Pending(_Kept):
    """Somebody was sent to the provider.

    Attributes:
        tenant_id: The tenant whose provider it is.
        binding: The digest of what the client got when it began, so that nobody else can end what it began.
        nonce: What the ID token must repeat.
        verifier: PKCE's secret.
        redirect: Where the browser goes in the end; None for clients without one.
        link_user_id: Who is to be linked; None when somebody signs in.
    """

    nonce: str
    verifier: str
    redirect: str | None
    link_user_id: UUID | None


class Ticket(_Kept):
    """The provider vouched for somebody; the client that began can take tokens for it.

    Attributes:
        tenant_id: The tenant whose provider it is.
        binding: As in `Pending`.
        link_user_id: As in `Pending`.
        claims: What the provider says of the person, checked.
        id_token: The ID token.
    """

    link_user_id: UUID | None
    claims: dict[str, Any]
    id_token: str


Kept = TypeVar("Kept", Pending, Ticket)


async def keep(redis: Redis, secret: str, kept: Pending | Ticket) -> None:
    """Keep something under a secret that its holder brings back."""
    seconds = PENDING_SECONDS if isinstance(kept, Pending) else TICKET_SECONDS
    await redis.set(_key(type(kept), secret), kept.model_dump_json(), ex=seconds)


async def take(redis: Redis, kind: type[Kept], secret: str) -> Kept | None:
    """What was kept under a secret; once only."""
    text = await redis.getdel(_key(kind, secret))
    return None if text is None else kind.model_validate_json(text)


async def first_use(redis: Redis, tenant_id: UUID, token_id: str, *, seconds: int) -> bool:
    """Whether a token of that id comes for the first time."""
    return bool(await redis.set(f"accunode:sso:used:{tenant_id}:{digest(token_id)}", 1, nx=True, ex=seconds))


def _key(kind: type[Pending] | type[Ticket], secret: str) -> str:
    return f"accunode:sso:{kind.__name__.lower()}:{digest(secret)}"
