"""Where messages wait in Redis, for whoever counts them; nothing here needs Celery."""

import json
from uuid import UUID

from accunode_common.ids import made_at

KEY_PREFIX = "accunode:celery:"


def waiting_key(queue: str) -> str:
    """The Redis list of a queue's messages that no worker has taken yet; Redis has no such key for an empty one.

    The message that is taken next is the last of the list.
    """
    return f"{KEY_PREFIX}{queue}"


def message_age(message: str | None, now: float) -> float | None:
    """Seconds since a message was written, by the id of its task; None where there is none, or none of ours."""
    if message is None:
        return None
    try:
        written = made_at(UUID(json.loads(message)["headers"]["id"]))
    except (ValueError, KeyError, TypeError):
        return None
    return None if written is None else round(max(0.0, now - written), 3)
