"""Requests to servers that tenants name: over TLS, to public addresses, without redirects, small and soon over.

A tenant's admin chooses the URLs, so none may reach what only this service reaches.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx

from accunode_common.settings import Environment

SECONDS = 5.0
LARGEST_REPLY = 256 * 1024
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
"""IPv6 that carries an IPv4 address, which may be any."""
_NO_KEEPALIVE = httpx.Limits(max_connections=20, max_keepalive_connections=0)


class ForbiddenTargetError(httpx.RequestError):
    """The URL leads where this service may not be sent."""


def check_url(url: str, environment: Environment) -> None:
    """Refuse a URL that no request may be sent to, whatever its host resolves to.

    Raises:
        ValueError: It may not; the message says what is wrong with the URL.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("is not a URL such as https://login.first-national.example")
    local = environment is Environment.LOCAL and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise ValueError("does not begin with https://")
    _ = parts.port  # ValueError if it is none


class _SmallBody(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream
        self._end = time.monotonic() + 2 * SECONDS

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for part in self._stream:
            received += len(part)
            if received > LARGEST_REPLY:
                raise httpx.ReadError(f"the reply is larger than {LARGEST_REPLY} bytes")
            if time.monotonic() > self._end:
                raise httpx.ReadTimeout("the reply takes too long")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to the address that was checked, so that a name which resolves anew leads nowhere else."""

    def __init__(self, environment: Environment) -> None:
        # A kept connection would be reused for every name at its address, whatever certificate it showed.
        super().__init__(trust_env=False, limits=_NO_KEEPALIVE)
        self._environment = environment

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` to a checked address of its host.

        Raises:
            ForbiddenTargetError: The URL is not one that may be asked, or has an address that is not public.
        """
        try:
            check_url(str(request.url), self._environment)
        except ValueError as error:
            raise ForbiddenTargetError(f"the URL {error}", request=request) from None
        host = request.url.host
        address = await self._address(request, host)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        try:
            async with asyncio.timeout(2 * SECONDS):
                response = await super().handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        if not isinstance(response.stream, httpx.AsyncByteStream) or "content-encoding" in response.headers:
            await response.aclose()
            raise httpx.ReadError("the reply is compressed, though that was not asked for", request=request)
        response.stream = _SmallBody(response.stream)
        return response

    async def _address(self, request: httpx.Request, host: str) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, request.url.port or 443, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpx.ConnectError(f"{host} cannot be resolved", request=request) from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise ForbiddenTargetError(f"{host} has an address that is not public", request=request)
        return addresses[0]

    def _allowed(self, address: str) -> bool:
        if self._environment is Environment.LOCAL:
            return True
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if any(parsed in network for network in _TRANSLATED):
            return False
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return bool(mapped.is_global) and not mapped.is_multicast


def guarded_client(environment: Environment) -> httpx.AsyncClient:
    """A client whose every request is guarded. It keeps no connection open."""
    return httpx.AsyncClient(
        transport=GuardedTransport(environment),
        timeout=SECONDS,
        follow_redirects=False,
        trust_env=False,
        headers={"Accept-Encoding": "identity", "Accept": "application/json", "User-Agent": "AccuNode"},
    )
