"""Protects this worker's ECS task from scale-in while it works.

After "Amazon ECS task scale-in protection endpoint" of the ECS developer guide. What fails is logged and tried again: a
worker without protection still ends its tasks before it stops, as long as ECS waits for it.
"""

import json
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from accunode_common.log import get_logger

EXPIRES_MINUTES = 15
"""How long a protection holds that nobody renews, as when the worker hangs."""

RENEW_SECONDS = 300.0
IDLE_SECONDS = 10.0
"""How long nothing may be to do before the protection is given back: a queue hands out its messages with pauses."""

RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 2.0

logger = get_logger(__name__)


class ProtectionError(Exception):
    """The agent did not do as it was asked."""


class TaskProtection:
    """Asks the ECS agent for protection, renews it and gives it back.

    Args:
        agent_uri: The agent's address in this container; None elsewhere than on ECS, where nothing happens.
    """

    def __init__(self, agent_uri: str | None) -> None:
        self._url = f"{agent_uri.rstrip('/')}/task-protection/v1/state" if agent_uri else None
        self._protected = False
        self._renew_at = 0.0
        self._busy_at = float("-inf")
        self._retry_at = float("-inf")

    def keep(self, *, busy: bool, now: float | None = None) -> None:
        """Have the task protected while it is busy; called every few seconds, and never raises.

        Args:
            busy: Whether the worker holds any message.
            now: The moment, in seconds of a monotonic clock.
        """
        if self._url is None:
            return
        now = time.monotonic() if now is None else now
        if busy:
            self._busy_at = now
        wanted = now - self._busy_at < IDLE_SECONDS
        due = wanted != self._protected or (self._protected and now >= self._renew_at)
        if due and now >= self._retry_at:
            self._ask(wanted, now)

    def end(self) -> None:
        """Give the protection back, as the worker ends."""
        if self._url is not None and self._protected:
            self._ask(wanted=False, now=time.monotonic())

    def _ask(self, wanted: bool, now: float) -> None:
        try:
            self._put({"ProtectionEnabled": wanted} | ({"ExpiresInMinutes": EXPIRES_MINUTES} if wanted else {}))
        except (OSError, HTTPException, ValueError, ProtectionError) as error:
            logger.warning("scale-in protection failed", wanted=wanted, reason=str(error)[:300])
            self._retry_at = now + RETRY_SECONDS
            return
        self._protected, self._renew_at, self._retry_at = wanted, now + RENEW_SECONDS, now

    def _put(self, state: dict[str, Any]) -> None:
        request = Request(  # noqa: S310 (the agent's own address, given by ECS)
            str(self._url),
            data=json.dumps(state).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
                answer = json.load(reply)
        except HTTPError as error:
            with error:
                raise ProtectionError(f"{error.code}: {error.read(300).decode(errors='replace')}") from None
        held = answer.get("protection") or {}
        if held.get("ProtectionEnabled") is not state["ProtectionEnabled"]:
            raise ProtectionError(json.dumps(answer.get("failure") or answer.get("error") or answer))
