"""Replies in constant time, so that it does not tell whether an address is known."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta


@asynccontextmanager
async def discreetly(step: timedelta) -> AsyncIterator[None]:
    """End the block at a multiple of `step` only, so that its time tells nothing."""
    seconds, begun = step.total_seconds(), time.monotonic()
    try:
        yield
    finally:
        spent = time.monotonic() - begun
        await asyncio.sleep(max(1, math.ceil(spent / seconds)) * seconds - spent)
