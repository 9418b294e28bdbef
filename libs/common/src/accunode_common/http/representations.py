"""How a JSON reply is sent: not at all if the client has it, compressed if the client can read that."""

import gzip
import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1024
"""Bytes below which neither saves anything."""
_JSON = ("application/json", "application/problem+json", "application/scim+json")
_FAST = 1


class NegotiateRepresentations:
    """Answers 304 to a read whose `If-None-Match` names what would be sent, and compresses where gzip is accepted.

    Only JSON replies of at least `SMALLEST` bytes that are sent at once: streams pass as they come. A read without an
    entity tag of its own gets a weak one, of its content. A resource's own tag is its version, which changes are made
    by: its reply may also show what has no part in the version, so it is always sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def send_negotiated(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_json(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                if len(message.get("body", b"")) >= SMALLEST and not message.get("more_body", False):
                    start, message = _negotiated(scope, start, message)
                await send(start)
            await send(message)

        await self.app(scope, receive, send_negotiated)


def _is_json(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return headers.get("content-type", "").startswith(_JSON) and "content-encoding" not in headers


def _negotiated(scope: Scope, start: Message, body: Message) -> tuple[Message, Message]:
    asked, headers, content = Headers(scope=scope), MutableHeaders(raw=start["headers"]), body["body"]
    headers.add_vary_header("Accept-Encoding")
    if scope["method"] == "GET" and start["status"] == 200 and "etag" not in headers:
        headers["ETag"] = tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
        if tag in {each.strip() for each in asked.get("if-none-match", "").split(",")}:
            del headers["content-length"], headers["content-type"]
            return {**start, "status": 304, "headers": headers.raw}, {**body, "body": b""}
    if _accepts_gzip(asked.get("accept-encoding", "")):
        content = gzip.compress(content, compresslevel=_FAST, mtime=0)
        headers["Content-Encoding"], headers["Content-Length"] = "gzip", str(len(content))
    return {**start, "headers": headers.raw}, {**body, "body": content}


def _accepts_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, weight = each.replace(" ", "").lower().partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or not weight
    return False
