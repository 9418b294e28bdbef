"""The sizes: `parameters/TIER.yaml`, each in the requirements' machines and in an economy variant."""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from accunode_infra.errors import RefusedError
from accunode_infra.templates import CLOUDFORMATION


class Tier(StrEnum):
    """How large everything is."""

    STARTUP = "startup"
    GROWTH = "growth"
    SCALE = "scale"


class Variant(StrEnum):
    """Whose machines: those that the requirements name, or the cheapest that do the same work."""

    BRIEF = "brief"
    ECONOMY = "economy"


def load_tier(
    tier: Tier | str, variant: Variant | str = Variant.BRIEF, *, root: Path = CLOUDFORMATION
) -> dict[str, dict[str, str]]:
    """The parameters of a tier by template name, as the text that CloudFormation takes.

    Lists are joined by commas, booleans are `true` and `false`.

    Raises:
        RefusedError: There is no such file, or it does not hold both variants as tables.
    """
    path = root / "parameters" / f"{tier}.yaml"
    if not path.is_file():
        raise RefusedError(f"There is no {path.name} in {path.parent}: the tiers are {', '.join(Tier)}.")
    try:
        found = _read(path.read_text())
    except yaml.YAMLError as error:
        raise RefusedError(f"{path.name} is not readable as YAML: {' '.join(str(error).split())}.") from None
    chosen = found.get(str(variant)) if isinstance(found, dict) else None
    if not isinstance(chosen, dict) or not all(isinstance(values, dict) for values in chosen.values()):
        raise RefusedError(f"{path.name} must hold, under `{variant}:`, a table of parameters for each template.")
    return {name: {key: as_text(value) for key, value in values.items()} for name, values in chosen.items()}


# Read for each stack of a tier, and reading takes longer than all that is done with it.
@lru_cache(maxsize=8)
def _read(text: str) -> Any:
    return yaml.safe_load(text)


def as_text(value: Any) -> str:
    """A parameter's value as CloudFormation takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    return "" if value is None else str(value)
