"""Ends sessions when a change takes power away."""

from typing import Annotated

from fastapi import Depends, Request

from accunode_common.auth.ending import Ending
from accunode_common.http.resources import resources


def _ending(request: Request) -> Ending:
    return resources(request).ending


SessionsEnding = Annotated[Ending, Depends(_ending)]
"""For handlers that take power away: `await ending.user(session, id)`, last in the transaction that does."""
