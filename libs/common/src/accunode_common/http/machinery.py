"""Who may ask a service how it is: the machinery around it, and nobody else."""

import hmac
from ipaddress import ip_address, ip_network

from fastapi import Request

from accunode_common.errors import NotFoundError
from accunode_common.http.resources import resources

_NEAR = tuple(
    ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)


async def refuse_strangers(request: Request) -> None:
    """Do nothing if the request has the token, or if none is set and it comes straight from near by.

    Raises:
        NotFoundError: It does not; nothing tells that there is something.
    """
    token = resources(request).settings.http.metrics_token
    if not (_is_near(request) if token is None else shows_token(request, token.get_secret_value())):
        raise NotFoundError


def shows_token(request: Request, token: str) -> bool:
    """Whether the request has this token."""
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _is_near(request: Request) -> bool:
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        peer = ip_address(request.client.host)
    except ValueError:
        return False
    return any(peer in network for network in _NEAR)
