"""How fast passwords may be guessed.

| who tries | counted by | tries without a delay | longest delay |
|---|---|---|---|
| a device that signed in before | the device | 10 | 15 minutes |
| any other | the account and the client's network | 5 | 15 minutes |
| | the account | 50 | 1 minute |
| | the client's network | 100 | 1 minute |

So a stranger who guesses slows down whoever is new where the stranger is, and never a device that its owner used.
An address that nobody has is counted like any other.
"""

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from uuid import UUID

from accunode_auth.resources import Resources
from accunode_common.backoff import Backoff, Backoffs, Tries
from accunode_common.emails import email_key
from accunode_common.http.trail import Origin

DEVICE = Backoff(free=10)
ACCOUNT_AND_NETWORK = Backoff(free=5)
ACCOUNT = Backoff(free=50, longest_seconds=60)
NETWORK = Backoff(free=100, longest_seconds=60)
_IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Guess:
    """A try to sign in that was counted."""

    tries: tuple[Tries, ...]

    async def was_right(self, app: Resources) -> None:
        """Take it out of the count, with all that the same device or network tried before on the account."""
        first, *others = self.tries
        backoffs = Backoffs(app.redis)
        await backoffs.clear(first)
        if others:
            await backoffs.give_back(*others)


async def begin(app: Resources, scale: float, email: str, origin: Origin, device_id: UUID | None) -> Guess:
    """Count a try.

    Args:
        scale: Multiplies what one network may try, if it is more than 1.
        device_id: The device of the account's owner that was shown, if any.

    Raises:
        RateLimitedError: It comes too early.
    """
    guess = Guess(_tries(scale, email, origin, device_id))
    await Backoffs(app.redis).attempt(*guess.tries)
    return guess


async def forget(app: Resources, email: str) -> None:
    """Let everybody try at once on this account: its owner has shown who they are in another way."""
    await Backoffs(app.redis).forget(_account(email))


def _tries(scale: float, email: str, origin: Origin, device_id: UUID | None) -> tuple[Tries, ...]:
    account, network = _account(email), _network(origin.address)
    if device_id is not None:
        return (Tries(DEVICE, account, f"device:{device_id}"),)
    return (
        Tries(ACCOUNT_AND_NETWORK, account, f"network:{network}"),
        Tries(ACCOUNT, account, "anywhere"),
        Tries(replace(NETWORK, free=round(NETWORK.free * max(1, scale))), f"network:{network}", "any"),
    )


def _account(email: str) -> str:
    return f"account:{hashlib.sha256(email_key(email).encode()).hexdigest()}"


def _network(address: str | None) -> str:
    """An IPv4 address, or the network that an IPv6 client draws its addresses from."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
