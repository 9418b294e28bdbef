"""What every verb gets from the command line."""

import math
import os
from dataclasses import dataclass
from functools import cached_property

import typer

from accunode_infra.aws import Session
from accunode_infra.errors import RefusedError
from accunode_infra.output import Output

LONGEST_POLL = 300


@dataclass(frozen=True)
class Invocation:
    """What every verb gets: where it prints, which environment it is about, and which account it works on."""

    output: Output
    environment: str
    region: str | None
    profile: str | None

    @cached_property
    def session(self) -> Session:
        """The account; made when first asked for, so that verbs that need none work without credentials."""
        return Session(region=self.region, profile=self.profile, poll_seconds=_poll_seconds(), say=self.output.say)


def _poll_seconds() -> float:
    given = os.environ.get("ACCUNODE_POLL_SECONDS", "3")
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_POLL:
        raise RefusedError(
            f"ACCUNODE_POLL_SECONDS cannot be {given!r}: it takes seconds from 0 to {LONGEST_POLL}, such as 3."
        )
    return seconds


def invocation(context: typer.Context) -> Invocation:
    """The invocation that a verb's context belongs to."""
    found = context.obj
    if not isinstance(found, Invocation):
        raise TypeError("the command was not started through the command line")
    return found
