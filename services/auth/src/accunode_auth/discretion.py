"""Replies whose time tells nothing."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta


@asynccontextmanager
async def discreetly(step: timedelta) -> AsyncIterator[None]:
    """Let what happens inside end at multiples of `step` only, so that its time tells nothing."""
    seconds, begun = step.total_seconds(), time.monotonic()
    try:
        yield
    finally:
        spent = time.monotonic() - begun
        await asyncio.sleep(max(1, math.ceil(spent / seconds)) * seconds - spent)
