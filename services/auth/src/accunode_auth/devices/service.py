"""A device that signed in is given a token; showing it again, it is known.

The transaction's context must be the owner's.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.devices import repository
from accunode_common.auth.credentials import Credential
from accunode_common.http.trail import Origin
from accunode_common.ids import new_id
from accunode_common.models.identity import KnownDevice

PREFIX = "dt"
MOST_DEVICES = 50
KNOWN_FOR = timedelta(days=180)


async def recognise(session: AsyncSession, user_id: UUID, text: str | None) -> KnownDevice | None:
    """The person's device that shows this token; None if it is nobody's, or somebody else's."""
    credential = Credential.parse(PREFIX, text, ids=2) if text else None
    if credential is None or credential.ids[0] != user_id:
        return None
    device = await repository.find(session, user_id, credential.ids[1], seen_within=KNOWN_FOR)
    return device if device is not None and credential.matches(device.token_hash) else None


@dataclass(frozen=True, slots=True)
class Greeting:
    """A device that signs in.

    Attributes:
        device: The device.
        token: What it is known by from now on; None if it was known.
        startling: Whether its owner is to be told: nothing like it has signed in before.
    """

    device: KnownDevice
    token: str | None
    startling: bool


async def greet(session: AsyncSession, user_id: UUID, text: str | None, origin: Origin) -> Greeting:
    """The device that signs in, with a token for it if it was not known.

    One that shows no token and looks like a known one, from its address, startles nobody: it is a program that keeps
    none, or a browser that lost it.
    """
    device = await recognise(session, user_id, text)
    if device is not None:
        await repository.note_use(session, device.id, user_agent=origin.user_agent, ip_address=origin.address)
        return Greeting(device, None, startling=False)
    seen = await repository.has_like(session, user_id, user_agent=origin.user_agent, ip_address=origin.address)
    device, token = await _introduce(session, user_id, origin)
    return Greeting(device, token, startling=not seen)


async def introduce(session: AsyncSession, user_id: UUID, origin: Origin) -> str:
    """A token for a device that shows who its owner is in another way than by signing in."""
    _, token = await _introduce(session, user_id, origin)
    return token


async def _introduce(session: AsyncSession, user_id: UUID, origin: Origin) -> tuple[KnownDevice, str]:
    await repository.forget_old(session, user_id, keep=MOST_DEVICES - 1, seen_within=KNOWN_FOR)
    credential = Credential.new(PREFIX, user_id, new_id())
    device = KnownDevice(
        id=credential.ids[1],
        user_id=user_id,
        token_hash=credential.hash,
        user_agent=origin.user_agent,
        ip_address=origin.address,
    )
    await repository.add(session, device)
    return device, credential.text


async def forget(session: AsyncSession, user_id: UUID) -> None:
    """Know none of the person's devices any more."""
    await repository.forget(session, user_id)
