"""Dependencies run on the event loop: FastAPI runs what is not `async` in a thread, which costs more than it does."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

_Made = TypeVar("_Made")


def construct(kind: type[_Made]) -> Callable[..., Awaitable[_Made]]:
    """The dependency that makes an instance of `kind` from what its constructor depends on."""

    async def make(**values: Any) -> _Made:
        return kind(**values)

    make.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined]
    return make
