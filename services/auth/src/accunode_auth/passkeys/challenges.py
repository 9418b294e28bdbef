"""What an authenticator is to sign: random, for one ceremony of one person, good once and for five minutes."""

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from redis.asyncio import Redis

LIFETIME = timedelta(minutes=5)
_BYTES = 32
_NOBODY = "nobody"


class Ceremony(StrEnum):
    """What the answer to a challenge is for; it is good for nothing else."""

    REGISTRATION = "registration"
    SIGN_IN = "sign-in"
    SECOND_STEP = "second-step"
    STEP_UP = "step-up"


async def issue(redis: Redis, ceremony: Ceremony, owner: UUID | None) -> bytes:
    """A fresh challenge; `owner` is None where it is not known yet who signs in.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    challenge = secrets.token_bytes(_BYTES)
    await redis.set(_key(ceremony, challenge), str(owner or _NOBODY), px=LIFETIME)
    return challenge


async def spend(redis: Redis, ceremony: Ceremony, owner: UUID | None, challenge: bytes) -> bool:
    """Use a challenge up; gives False if it is none, used, too old, or another's.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    return await redis.getdel(_key(ceremony, challenge)) == str(owner or _NOBODY)


def _key(ceremony: Ceremony, challenge: bytes) -> str:
    return f"accunode:passkey:{ceremony}:{hashlib.sha256(challenge).hexdigest()}"
