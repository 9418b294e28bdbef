"""Protects this worker's ECS task from scale-in while it works.

After "Amazon ECS task scale-in protection endpoint" of the ECS developer guide. What fails is logged and tried again: a
worker without protection still ends its tasks before it stops, as long as ECS waits for it.
"""

import json
import threading
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from accunode_common.log import get_logger

EXPIRES_MINUTES = 15
"""How long a protection holds that nobody renews, as when the worker hangs."""

RENEW_SECONDS = 300.0
IDLE_SECONDS = 10.0
"""How long nothing may be to do before the protection is given back: a queue hands out its messages with pauses."""

RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 2.0
"""How long the agent may take. Whoever asks is the one who notes that the worker lives, and has no more time."""

logger = get_logger(__name__)


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
        self._asking: threading.Thread | None = None
        # On this machine, where no proxy leads to.
        self._agent = build_opener(ProxyHandler({}))

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
        self._retry_at = now + RETRY_SECONDS
        if self._asking is not None and self._asking.is_alive():
            # What the agent still does about the last question would cross this one.
            return
        told: list[str | None] = []
        # A socket's own limit is one for each of its reads: an agent that dribbles could hold the worker up for long.
        self._asking = threading.Thread(target=lambda: told.append(self._refusal(wanted)), name="ecs", daemon=True)
        self._asking.start()
        self._asking.join(TIMEOUT_SECONDS)
        reason = told[0] if told else f"no answer within {TIMEOUT_SECONDS:g} s"
        if reason is not None:
            logger.warning("scale-in protection failed", wanted=wanted, reason=reason[:300])
            return
        self._protected, self._renew_at, self._retry_at = wanted, now + RENEW_SECONDS, now

    def _refusal(self, wanted: bool) -> str | None:
        """Ask the agent; why it did not do so, None if it did."""
        request = Request(  # noqa: S310 (the agent's own address, given by ECS)
            str(self._url),
            data=json.dumps(
                {"ProtectionEnabled": wanted} | ({"ExpiresInMinutes": EXPIRES_MINUTES} if wanted else {})
            ).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with self._agent.open(request, timeout=TIMEOUT_SECONDS) as reply:
                answer = json.load(reply)
        except HTTPError as error:
            with error:
                return f"{error.code}: {error.read(300).decode(errors='replace')}"
        except (OSError, HTTPException, ValueError) as error:
            return str(error)
        match answer:
            case {"protection": {"ProtectionEnabled": bool(held)}} if held is wanted:
                return None
        return json.dumps(answer)
