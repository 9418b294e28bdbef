"""The requests of the matrix, and what two replies must have in common to tell nothing."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from tests.applications import Running
from tests.isolation.matrix import Row
from tests.samples import sample

from accunode_common.http.operations import Operation
from accunode_common.ids import new_id
from accunode_common.testing.people import Caller

PARAMETER = re.compile(r"{(\w+)}")
VARYING = frozenset({"x-request-id", "content-length", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset"})
_PASSING = re.compile(r'"(request_id|generated_at|verified_at)":"[^"]+"')
_JSON, _FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True)
class Call:
    """An operation of a running service, and how the matrix asks for it."""

    service: Running
    operation: Operation
    row: Row

    @property
    def described(self) -> dict[str, Any]:
        """What the document says of the operation."""
        item: dict[str, Any] = self.service.application.document["paths"][self.operation.path]
        return item[self.operation.method.lower()]  # type: ignore[no-any-return]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.method == "GET"

    async def send(self, caller: Caller | None, ids: Mapping[str, str]) -> httpx.Response:
        """The reply to the caller who asks about the things of those ids."""
        return await self.service.client.as_(caller).request(**self.request(ids))

    def request(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """The options of httpx."""
        ids = {**ids, "fresh": new_id().hex}
        path = PARAMETER.sub(lambda found: ids[found[1]], self.operation.path)
        asked: dict[str, Any] = {"method": self.operation.method, "path": path, "params": self._query(ids)}
        for kind, media in self.described.get("requestBody", {}).get("content", {}).items():
            example = copy.deepcopy(media["example"])
            if kind == _JSON:
                asked["json"] = self._filled({**example, **self.row.body}, ids)
            elif kind == _FORM:
                asked["files"] = {"file": ("a.csv", example.pop("file").encode())}
                asked["data"] = {name: str(value).lower() for name, value in example.items()}
            else:
                asked |= {"content": example.encode(), "headers": {"Content-Type": kind}}
        return asked

    def _query(self, ids: Mapping[str, str]) -> dict[str, Any]:
        document = self.service.application.document
        described = [p for p in self.described.get("parameters", []) if p["in"] == "query"]
        query = {p["name"]: sample(p["schema"], document) for p in described if p.get("required")}
        known = {p["name"] for p in described}
        query |= {name: value for name, value in {"with_total": "true", "limit": "200"}.items() if name in known}
        if "kind" in known:
            query["kind"] = ids["kind"]
        return {**query, **self._filled(self.row.query, ids)}

    def _filled(self, values: Any, ids: Mapping[str, str]) -> Any:
        """The values with the ids in the places of their names, and without what is None."""
        match values:
            case str():
                return PARAMETER.sub(lambda found: ids.get(found[1], "nothing"), values)
            case dict():
                return {name: self._filled(value, ids) for name, value in values.items() if value is not ...}
            case list():
                return [self._filled(value, ids) for value in values]
        return values


def told(reply: httpx.Response, ids: Mapping[str, str]) -> tuple[int, str, dict[str, str]]:
    """A reply's status, body and headers, without what the caller said and what differs from request to request."""

    def plain(text: str) -> str:
        for name, value in ids.items():
            text = text if name in {"kind", "version"} else text.replace(value, "?")
        return text

    headers = {name: plain(value) for name, value in reply.headers.items() if name not in VARYING}
    return reply.status_code, _PASSING.sub("", plain(reply.text)), headers


def leaked(reply: httpx.Response, secrets: set[str]) -> set[str]:
    """Those of the secrets that the reply has and its request had not."""
    asked = f"{reply.request.url} {_body(reply.request)}"
    answered = f"{reply.text} {reply.headers}"
    return {secret for secret in secrets if secret in answered and secret not in asked}


def _body(request: httpx.Request) -> str:
    try:
        return request.content.decode(errors="replace")
    except httpx.RequestNotRead:
        return "a file"
