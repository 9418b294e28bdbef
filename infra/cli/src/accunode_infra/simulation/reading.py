"""What is wrong with a file of the user's own, in words."""

import json
from typing import Any

import yaml
from pydantic import ValidationError

LONGEST = 60


def why(error: OSError | UnicodeDecodeError | yaml.YAMLError | ValidationError) -> str:
    """Where a file is wrong, and what is expected there; the end of a sentence."""
    match error:
        case ValidationError():
            first, *others = error.errors(include_url=False)
            more = f" (and {len(others)} more {'is' if len(others) == 1 else 'are'} wrong)" if others else ""
            return f"{_at(first)}{more}."
        case OSError():
            return f"{(error.strerror or str(error)).lower()}."
        case UnicodeDecodeError():
            return "it is not text in UTF-8."
    return f"it is not readable as YAML: {' '.join(str(error).split())}."


def _at(found: Any) -> str:
    expected = found["msg"].removeprefix("Value error, ")
    place = ".".join(map(str, found["loc"]))
    expected = expected[:1].lower() + expected[1:]
    if found["type"] in {"value_error", "json_invalid"}:
        return f"{place}: {expected}" if place else expected
    if found["type"] in {"missing", "extra_forbidden"}:
        return f"{place}: {expected}"
    return f"{place or 'the file'}: {expected}, not {_short(found['input'])}"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
