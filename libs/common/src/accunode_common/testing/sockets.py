"""An application behind a real socket, for what only sockets show: clients that wait, stall or leave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from accunode_common.http.protocol import CautiousProtocol


@asynccontextmanager
async def served(app: Any, protocol: type[CautiousProtocol] = CautiousProtocol) -> AsyncIterator[int]:
    """The port of this machine on which the application, whose lifespan is the caller's concern, answers."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, http=protocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
