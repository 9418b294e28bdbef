"""The filters that directories use: equality of what tells people apart."""

from dataclasses import dataclass
from typing import Any

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator

from accunode_auth.scim.schemas import Group, User

_ATTRIBUTES = {
    "id": "id",
    "username": "userName",
    "externalid": "externalId",
    "emails": "userName",
    "emails.value": "userName",
    "active": "active",
}
_SUPPORTED = "Filter by id, userName, externalId, emails.value or active, with eq, joined by and."

_OF_GROUPS = "Filter groups by id or displayName, with eq, joined by and."


@dataclass(frozen=True, slots=True)
class Condition:
    """An attribute and the value that it must have."""

    attribute: str
    value: str | bool


def conditions(text: str | None) -> list[Condition]:
    """What a filter asks for, all of it at once.

    Raises:
        InvalidFilterException: It is no filter, or asks for what is not kept.
    """
    if text is None:
        return []
    try:
        tree: Any = ScimFilter[User](text).ast
    except (ValueError, RecursionError) as error:
        raise InvalidFilterException(detail=_SUPPORTED) from error
    terms = tree.terms if isinstance(tree, LogicalExpr) and tree.op is LogicalOperator.and_ else (tree,)
    return [_condition(term) for term in terms]


def group_conditions(text: str | None) -> list[tuple[str, str]]:
    """What a filter asks of groups, all of it at once.

    Raises:
        InvalidFilterException: It is no filter, or asks for something else than id or displayName.
    """
    if text is None:
        return []
    try:
        tree: Any = ScimFilter[Group](text).ast
    except (ValueError, RecursionError) as error:
        raise InvalidFilterException(detail=_OF_GROUPS) from error
    terms = tree.terms if isinstance(tree, LogicalExpr) and tree.op is LogicalOperator.and_ else (tree,)
    return [_group_condition(term) for term in terms]


def _group_condition(term: Any) -> tuple[str, str]:
    if not isinstance(term, Comparison) or term.op is not CompareOperator.eq:
        raise InvalidFilterException(detail=_OF_GROUPS)
    path = term.attr_path
    name = {"id": "id", "displayname": "displayName"}.get(path.attr.lower())
    if name is None or path.sub_attr or not isinstance(term.value, str) or not term.value.isprintable():
        raise InvalidFilterException(detail=_OF_GROUPS)
    return name, term.value


def _condition(term: Any) -> Condition:
    if not isinstance(term, Comparison) or term.op is not CompareOperator.eq:
        raise InvalidFilterException(detail=_SUPPORTED)
    path = term.attr_path
    name = _ATTRIBUTES.get(".".join(part.lower() for part in (path.attr, path.sub_attr) if part))
    kind = bool if name == "active" else str
    if name is None or not isinstance(term.value, kind) or not str(term.value).isprintable():
        raise InvalidFilterException(detail=_SUPPORTED)
    return Condition(name, term.value)
