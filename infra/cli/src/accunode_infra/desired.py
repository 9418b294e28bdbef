"""What an environment is wanted to be, from options, a file, and what was chosen the last time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
import yaml

from accunode_infra.aws import Session, explained, parameter
from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.planning import DesiredState
from accunode_infra.stacks import STACKS
from accunode_infra.tiers import Tier, Variant, as_text

TierOption = Annotated[Tier | None, typer.Option(help="The size; by default the one that stands, else startup.")]
VariantOption = Annotated[
    Variant | None, typer.Option(help="The requirements' machines, or the cheapest that do the same.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="STACK.NAME=VALUE", help="A parameter; may be given again.")
]
FileOption = Annotated[
    Path | None, typer.Option("--parameters", help="A YAML file: under each stack or template, its parameters.")
]


def desired_state(
    session: Session,
    environment: str,
    *,
    tier: Tier | None,
    variant: Variant | None,
    settings: Iterable[str] | None = None,
    file: Path | None = None,
) -> DesiredState:
    """What is wanted: options first, then the file, then the tier, which is the one that stands unless it is given.

    Raises:
        UsageError: A setting is not of the form STACK.NAME=VALUE, or names no stack.
        RefusedError: The file is not readable.
    """
    kept_tier, kept_variant = remembered(session, environment) or (Tier.STARTUP, Variant.BRIEF)
    overrides = from_file(file) if file is not None else {}
    for setting in settings or ():
        path, given, value = setting.partition("=")
        stack, dot, name = path.partition(".")
        if not (given and dot and name):
            raise UsageError(f"--set takes STACK.NAME=VALUE, and {setting!r} is something else.")
        overrides.setdefault(stack, {})[name] = value
    known = {each.name for each in STACKS} | {each.template for each in STACKS}
    if unknown := sorted(set(overrides) - known):
        raise UsageError(f"There is no stack {', '.join(unknown)}: they are {', '.join(sorted(known))}.")
    return DesiredState(environment, tier or kept_tier, variant or kept_variant, overrides)


def from_file(file: Path) -> dict[str, dict[str, str]]:
    """The parameters in a YAML file, by stack or template.

    Raises:
        RefusedError: The file is not readable, or holds something else.
    """
    try:
        found = yaml.safe_load(file.read_text())
    except OSError as error:
        raise RefusedError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{file} is not text in UTF-8: save it as that.") from None
    except yaml.YAMLError as error:
        raise RefusedError(f"{file} is not readable as YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise RefusedError(f"{file} must hold a table of parameters under each stack's name.")
    return {str(name): {str(key): as_text(value) for key, value in values.items()} for name, values in found.items()}


def remembered(session: Session, environment: str) -> tuple[Tier, Variant] | None:
    """The tier and variant that were deployed the last time; None before the first time."""
    with explained():
        kept = parameter(session, _place(environment))
    if kept is None:
        return None
    found = str(kept["Value"])
    tier, _, variant = found.partition(" ")
    try:
        return Tier(tier), Variant(variant)
    except ValueError:
        raise RefusedError(
            f"{_place(environment)} holds {found!r}, which is no tier: give --tier and --variant."
        ) from None


def remember(session: Session, chosen: DesiredState) -> None:
    """Note the tier and variant for the next time."""
    if remembered(session, chosen.environment) != (chosen.tier, chosen.variant):
        session.client("ssm").put_parameter(
            Name=_place(chosen.environment), Value=f"{chosen.tier} {chosen.variant}", Type="String", Overwrite=True
        )


def _place(environment: str) -> str:
    return f"/accunode/{environment}/tier"
