"""Reads CloudFormation templates: YAML with its short tags, into the long form that JSON has."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from accunode_infra.errors import RefusedError

CLOUDFORMATION = Path(__file__).resolve().parents[3] / "cloudformation"
"""The folder that holds `templates/` and `parameters/`."""

Template = Mapping[str, Any]
"""A template in the long form: `{"Resources": {…}, "Parameters": {…}, …}`."""


# libyaml's parser reads a template in a tenth of the time, where it is there.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as CloudFormation reads it: dates stay text, a key given twice is a mistake."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = _mapping(loader, node)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


def _mapping(loader: _Loader, node: yaml.Node) -> dict[Any, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "a mapping was expected", node.start_mark)
    merged = any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value)
    loader.flatten_mapping(node)
    made: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in made and not merged:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_multi_constructor("!", _tagged)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str, *, name: str = "template") -> dict[str, Any]:
    """The template that a YAML or JSON text holds, in the long form.

    Raises:
        RefusedError: The text is no YAML, or no template.
    """
    try:
        found = yaml.load(text, _Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise RefusedError(f"{name} is not readable as YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise RefusedError(f"{name} is no CloudFormation template: it has no Resources.")
    return found


def path_of(template: str, *, root: Path = CLOUDFORMATION) -> Path:
    """Where the template of that name is, such as `network`.

    Raises:
        RefusedError: There is none.
    """
    path = root / "templates" / f"{template}.yaml"
    if not path.is_file():
        raise RefusedError(
            f"There is no template {path.name} in {path.parent}: run this from a checkout of the repository."
        )
    return path


def load(template: str, *, root: Path = CLOUDFORMATION) -> dict[str, Any]:
    """The template of that name, in the long form; the same object each time, so it is not to be changed.

    Raises:
        RefusedError: There is none, or it is not readable.
    """
    path = path_of(template, root=root)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> dict[str, Any]:  # noqa: ARG001
    return parse(path.read_text(), name=path.name)


def names(*, root: Path = CLOUDFORMATION) -> list[str]:
    """The names of the templates that are there, sorted."""
    return sorted(path.stem for path in (root / "templates").glob("*.yaml"))
