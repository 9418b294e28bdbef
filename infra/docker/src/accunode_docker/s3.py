"""A store that speaks S3, for the composed stack's profile `s3`: moto's, which keeps objects in memory.

It is for work on one machine: it takes any credentials, and forgets everything when it ends.
"""

import signal
import threading

import httpx
from moto.server import ThreadedMotoServer

BUCKET = "accunode"
PORT = 9000


def serve_until_told() -> None:
    """Offer one empty bucket on every address of the container until SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = ThreadedMotoServer("0.0.0.0", PORT, verbose=False)  # noqa: S104
    server.start()
    try:
        httpx.put(f"http://127.0.0.1:{PORT}/{BUCKET}").raise_for_status()
        told.wait()
    finally:
        server.stop()
