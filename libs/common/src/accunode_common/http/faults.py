"""What is wrong with the input of a request: where, and in words for people who do not know what it is read with."""

import difflib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from starlette.requests import Request

from accunode_common.errors import MOST_FAULTS, FieldError, UnprocessableInputError, with_rest

LONGEST_NAME = 100
"""Characters of a name that came from the caller, where it is told what is wrong with it."""

_LONGEST_MESSAGE = 500

Location = tuple[str | int, ...]

_NOT_AN_ID = "This is not an id; an id is a UUID such as 01a205e2-67d0-750c-98b1-0f227972e194."
_MESSAGES = {"uuid_parsing": _NOT_AN_ID, "uuid_type": _NOT_AN_ID}


def refusal(faults: Sequence[FieldError], *, of: str = "input") -> UnprocessableInputError:
    """The error that has these faults, and says how many they are."""
    count = "One thing is" if len(faults) == 1 else f"{len(faults)} things are"
    if len(faults) > MOST_FAULTS:
        count = f"More than {MOST_FAULTS} things are"
    return UnprocessableInputError(f"{count} wrong with the {of}.", errors=faults)


def pointer(place: Sequence[str | int]) -> str:
    """The RFC 6901 pointer of a pydantic error's location."""
    return "".join("/" + str(part)[:LONGEST_NAME].replace("~", "~0").replace("/", "~1") for part in place)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence, with a space before it, that asks for the nearest known name; empty if none is near."""
    near = difflib.get_close_matches(name, known, n=1) if len(name) <= LONGEST_NAME else []
    return f" Did you mean `{near[0]}`?" if near else ""


def field_errors(errors: Sequence[Mapping[str, Any]], body: Any = None) -> tuple[FieldError, ...]:
    """Pydantic's errors as ours; the value that was wrong stays out.

    Args:
        errors: What pydantic found; the first part of each location is `body`, `query`, `path` or `header`.
        body: The type of the body, whose fields are offered for misspelt ones.
    """
    first = [
        FieldError(
            pointer=pointer(error["loc"][:1] if error["type"] == "json_invalid" else error["loc"]),
            code=error["type"],
            message=_message(error, body)[:_LONGEST_MESSAGE],
        )
        for error in errors[:MOST_FAULTS]
    ]
    return with_rest(first, len(errors))


async def nul_characters(request: Request) -> tuple[FieldError, ...]:
    """A fault for each text of the request that has a NUL, which PostgreSQL does not store."""
    sent = {"path": request.path_params, "query": dict(request.query_params), "body": await _json(request)}
    places = dict.fromkeys(place for place, text in _texts(sent) if "\0" in text)
    return tuple(
        FieldError(pointer(place), "nul_character", "The text has a NUL character; remove it.") for place in places
    )


def _message(error: Mapping[str, Any], body: Any) -> str:
    kind, place = error["type"], error["loc"]
    if kind == "extra_forbidden":
        known = _fields(body, place[1:-1]) if place[0] == "body" else set()
        return f"There is no such field.{did_you_mean(str(place[-1]), known)}"
    return _MESSAGES.get(kind) or str(error["msg"]).removeprefix("Value error, ")


def _fields(annotation: Any, place: Sequence[str | int]) -> set[str]:
    """The fields that a value of this type has at a place inside it."""
    fields = {field.alias or name: field for model in _models(annotation) for name, field in model.model_fields.items()}
    if not place:
        return set(fields)
    part = place[0]
    # What is no field is the index of a list, whose items' type is found in its own.
    inner = fields[part].annotation if isinstance(part, str) and part in fields else annotation
    return _fields(inner, place[1:])


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _texts(value: Any) -> Iterator[tuple[Location, str]]:
    """Every text inside a JSON value, and the place of each; a key's is that of its object."""
    waiting: deque[tuple[Location, Any]] = deque([((), value)])
    while waiting:
        place, found = waiting.popleft()
        if isinstance(found, str):
            yield place, found
        elif isinstance(found, Mapping):
            yield from ((place, key) for key in found)
            waiting.extend(((*place, key), inner) for key, inner in found.items())
        elif isinstance(found, list):
            waiting.extend(((*place, index), inner) for index, inner in enumerate(found))


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError, RuntimeError):
        # It is no JSON, or was read as a stream and is gone.
        return None
