"""Pages of lists as replies: their rows go straight into JSON.

Rows are what the database holds, which was checked as it came in. An item is a mapping of what its schema says, in the
schema's order and of the values that its fields have; or, where there are few, an object of the schema.

@router.get("", response_model=Page[CompanyOut])
async def list_companies(...) -> PageReply:
    found = await service.list_page(...)
    return PageReply(found.showing(render))
"""

from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.responses import Response

from accunode_common.http.pagination import PageOf


def _dumped(item: Any) -> msgspec.Raw:
    """The JSON of an object of a schema, as the schema writes it."""
    if not isinstance(item, BaseModel):
        raise TypeError(f"No JSON is known for {type(item).__name__}: render it, or show an object of its schema.")
    return msgspec.Raw(item.__pydantic_serializer__.to_json(item))


_encode = msgspec.json.Encoder(enc_hook=_dumped).encode


class PageReply(Response):
    """A page, as `accunode_common.schemas.Page` describes it; its route names that as its `response_model`.

    Raises:
        TypeError: An item has a value that JSON has no form for.
    """

    media_type = "application/json"

    def __init__(self, page: PageOf[Any]) -> None:
        shown = {"items": page.rows, "next_cursor": page.next_cursor, "total": page.total}
        super().__init__(_encode(shown))
