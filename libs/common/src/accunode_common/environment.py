"""Reads settings from the process's environment, and says in one sentence which of them are unusable.

A `Concern` holds the variables that belong together, and `ProcessSettings` the concerns of a process, one a field:
`settings.database.pool_size` is `ACCUNODE_DATABASE_POOL_SIZE`. Only a service's `main.py` and the command-line modules
read the environment; everything else is handed the concern that it needs.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NotJsonError

PREFIX = "ACCUNODE_"


class SettingsError(RuntimeError):
    """The environment lacks a setting or holds an unusable one; the message names each in one sentence."""


def variable(name: str, default: Any = ..., **constraints: Any) -> Any:
    """A field whose variable is not its concern's prefix and its own name."""
    return Field(default, validation_alias=name, **constraints)


class Concern(BaseSettings):
    """The settings of one concern: each a variable, of `env_prefix` and the field's name, with its meaning below it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The variable of each field."""
        prefix = cls.model_config.get("env_prefix", "")
        return {
            name: field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
            for name, field in cls.model_fields.items()
        }

    @classmethod
    def concerns(cls) -> dict[str, type["Concern"]]:
        """Itself."""
        return {"": cls}

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process's environment, as `ProcessSettings.from_environment` does."""
        read: Self = _from_environment([cls])[0]
        return read

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Take the settings from `values`, as `ProcessSettings.from_values` does."""
        return cls(**_known(cls, values))


class ProcessSettings(BaseModel):
    """What a process is told by its environment: a field for each concern."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def concerns(cls) -> dict[str, type[Concern]]:
        """The class of each concern."""
        return {
            name: field.annotation
            for name, field in cls.model_fields.items()
            if isinstance(field.annotation, type) and issubclass(field.annotation, Concern)
        }

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process's environment, and below it the folder that `ACCUNODE_SECRETS_DIR` names.

        A file there holds one setting and bears its variable's name in lower case, such as `accunode_database_url`.

        Raises:
            SettingsError: A setting is missing, weak or malformed, or the folder is not there.
        """
        kinds = cls.concerns()
        return cls.model_validate(dict(zip(kinds, _from_environment(kinds.values()), strict=True)))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Take the settings from `values`, by their names of variables: `database_url`. Others are passed over."""
        return cls.model_validate({name: kind.from_values(values) for name, kind in cls.concerns().items()})


def variables(*kinds: type[Concern] | type[ProcessSettings]) -> dict[str, FieldInfo]:
    """Every variable that the settings of a process are read from, with the first field that it fills."""
    found = dict[str, FieldInfo]()
    for kind in kinds:
        for concern in kind.concerns().values():
            for name, variable in concern.variables().items():
                found.setdefault(variable, concern.model_fields[name])
    return found


def value_name(variable: str) -> str:
    """The name of a variable among values: that of `ACCUNODE_DATABASE_URL` is `database_url`."""
    return variable.removeprefix(PREFIX).lower()


def _known(kind: type[Concern], values: Mapping[str, Any]) -> dict[str, Any]:
    keys = {field: info.validation_alias or field for field, info in kind.model_fields.items()}
    names = {field: value_name(variable) for field, variable in kind.variables().items()}
    return {str(keys[field]): values[name] for field, name in names.items() if name in values}


def _from_environment(kinds: Iterable[type[Concern]]) -> list[Any]:
    folder = os.environ.get("ACCUNODE_SECRETS_DIR")
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"ACCUNODE_SECRETS_DIR names {folder}, which is not a folder.")
    read, problems = [], list[str]()
    for kind in kinds:
        try:
            read.append(kind(_secrets_dir=folder or None))
        except ValidationError as error:
            problems += [f"{_named(kind, problem['loc'][0])}: {problem['msg']}" for problem in error.errors()]
        except NotJsonError as error:
            (field,) = re.findall(r'field "(\w+)"', str(error)) or ("…",)
            problems.append(f"{_named(kind, field)}: is not JSON")
    if problems:
        # Two concerns may read the same variable.
        raise SettingsError(f"The environment is not usable: {'; '.join(dict.fromkeys(problems))}.")
    return read


def _named(kind: type[Concern], place: int | str) -> str:
    return kind.variables().get(str(place), str(place))
