"""The environment that a command works on: its account, its stacks by name, the time, and patience."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

import httpx
from botocore.exceptions import ClientError

from accunode_infra.aws import THROTTLED, Session, code_of
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.output import Output
from accunode_infra.stackops.standing import exports
from accunode_infra.waiting import Clock, until

T = TypeVar("T")
Ask = Callable[[str, dict[str, str]], httpx.Response]


class UnfitError(FailedError):
    """The new image, or what it meets, is not fit to serve: what was begun is to be taken back."""


def ask(url: str, headers: dict[str, str]) -> httpx.Response:
    """Ask a URL over a connection of its own, so that each question may reach another copy."""
    return httpx.get(url, headers=headers, timeout=10, follow_redirects=False)


@dataclass
class Site:
    """One environment of one account.

    Attributes:
        session: The account and region.
        name: The environment's name, such as `production`.
        output: Where progress goes.
        clock: The time.
        ask: Asks a URL.
        heartbeat: Called at each look of a wait: it keeps the lock fresh, and ends the wait when the lock is lost.
    """

    session: Session
    name: str
    output: Output
    clock: Clock = field(default_factory=Clock)
    ask: Ask = ask
    heartbeat: Callable[[], None] = lambda: None

    @property
    def who(self) -> str:
        """The identity that acts here, as the last part of its ARN."""
        return self.session.identity["Arn"].rpartition(":")[2]

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        return self.session.client(service)

    def stack_name(self, stack: str) -> str:
        """A stack's full name."""
        return f"accunode-{self.name}-{stack}"

    def parameter_name(self, *parts: str) -> str:
        """The name of a Parameter Store entry of this environment."""
        return "/".join(("/accunode", self.name, *parts))

    @cached_property
    def exports(self) -> dict[str, str]:
        """What this environment's stacks export, by the name after `accunode-{environment}-`."""
        prefix = self.stack_name("")
        found = exports(self.session)
        return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}

    def export(self, name: str, *, of: str) -> str:
        """An export's value.

        Raises:
            RefusedError: The stack `of`, which has it, is not deployed.
        """
        if name not in self.exports:
            raise RefusedError(
                f"{self.name} has no {name}: the stack {self.stack_name(of)} is not deployed; "
                f"run `accunode-infra deploy --env {self.name}` first."
            )
        return self.exports[name]

    def until(self, look: Callable[[], T | None], *, limit: timedelta, every: float = 0.0) -> T | None:
        """Call `look` until it gives something, or `limit` has passed; a look that AWS throttles is no look."""
        end = self.clock.now() + limit

        def looked() -> tuple[T | None] | None:
            self.heartbeat()
            try:
                found = look()
            except ClientError as error:
                if code_of(error) not in THROTTLED:
                    raise
                found = None
            return (found,) if found is not None or self.clock.now() >= end else None

        (found,) = until(looked, every=max(every, self.session.poll_seconds), clock=self.clock)
        return found


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """The items of all pages of a listing."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, ())
