"""People as a directory sees them: the core User of RFC 7643, with those attributes that are kept."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Context,
    InvalidSyntaxException,
    Mutability,
    PatchOp,
    Reference,
    Required,
    Resource,
    Uniqueness,
)

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Name(ComplexAttribute):
    """What the directory calls somebody."""

    formatted: Annotated[Text | None, Mutability.read_write] = None
    given_name: Annotated[Text | None, Mutability.read_write] = None
    family_name: Annotated[Text | None, Mutability.read_write] = None


class Email(ComplexAttribute):
    """The address, once more."""

    value: Annotated[str | None, Mutability.read_only] = None
    type: Annotated[str | None, Mutability.read_only] = None
    primary: Annotated[bool | None, Mutability.read_only] = None


class User(Resource[Any]):
    """Somebody in the tenant, or an address that is invited."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    external_id: Annotated[Text | None, Mutability.read_write, CaseExact.true] = None
    user_name: Annotated[str | None, Mutability.immutable, Required.true, Uniqueness.server] = Field(
        None, description="The e-mail address."
    )
    display_name: Annotated[Text | None, Mutability.read_write] = None
    name: Annotated[Name | None, Mutability.read_write] = None
    emails: Annotated[list[Email] | None, Mutability.read_only] = None
    active: Annotated[bool | None, Mutability.read_write, Required.true] = None


class Member(ComplexAttribute):
    """Somebody who belongs to a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class Group(Resource[Any]):
    """An organization of the tenant."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Mutability.read_only] = None
    members: Annotated[list[Member] | None, Mutability.read_write] = None


_WRITABLE = {
    "schemas": "schemas",
    "username": "userName",
    "displayname": "displayName",
    "name": "name",
    "active": "active",
    "externalid": "externalId",
}
_NAME_PARTS = {"formatted": "formatted", "givenname": "givenName", "familyname": "familyName"}
_BOOLEANS = {"true": True, "false": False}


def parse_user(body: Mapping[str, Any]) -> User:
    """The person that a directory describes; attributes that are not kept are left out, as RFC 7644 allows.

    `active` may be missing, as some directories leave it to the other side.

    Raises:
        pydantic.ValidationError, SCIMException: The description is not one.
    """
    known = {_WRITABLE[key.lower()]: value for key, value in body.items() if key.lower() in _WRITABLE}
    schemas = known.get("schemas")
    if not isinstance(schemas, list) or User.__schema__ not in schemas:
        raise InvalidSyntaxException(detail=f"schemas must name {User.__schema__}.")
    known["schemas"] = [str(User.__schema__)]
    if isinstance(name := known.get("name"), dict):
        known["name"] = {_NAME_PARTS[key.lower()]: name[key] for key in name if key.lower() in _NAME_PARTS}
    known["active"] = _boolean(known.get("active"))
    return User.model_validate(known)


def patched(user: User, body: Mapping[str, Any]) -> User:
    """What a directory's PATCH makes of somebody.

    Raises:
        pydantic.ValidationError, SCIMException: It cannot be applied.
    """
    operations = PatchOp[User].model_validate({**body, **_with_booleans(body)}, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    changed = user.model_copy(deep=True)
    operations.patch(changed)
    return changed


def _with_booleans(body: Mapping[str, Any]) -> dict[str, Any]:
    """The operations, with truth as such: some directories write `active` as text."""
    for key, operations in body.items():
        if key.lower() == "operations" and isinstance(operations, list):
            return {key: [_with_boolean(operation) for operation in operations]}
    return {}


def _with_boolean(operation: Any) -> Any:
    if not isinstance(operation, dict):
        return operation
    path, value = operation.get("path"), operation.get("value")
    if isinstance(path, str) and path.lower().rpartition(":")[2] == "active":
        return {**operation, "value": _boolean(value)}
    if path is None and isinstance(value, dict):
        mended = {key: _boolean(each) if key.lower() == "active" else each for key, each in value.items()}
        return {**operation, "value": mended}
    return operation


def _boolean(value: Any) -> Any:
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


def parse_group(body: Mapping[str, Any]) -> Group:
    """The members that a directory names; whatever else it says of an organization is left out.

    Raises:
        pydantic.ValidationError, SCIMException: The description is not one.
    """
    known = {key.lower(): value for key, value in body.items()}
    schemas = known.get("schemas")
    if not isinstance(schemas, list) or Group.__schema__ not in schemas:
        raise InvalidSyntaxException(detail=f"schemas must name {Group.__schema__}.")
    return Group.model_validate({"schemas": [str(Group.__schema__)], "members": known.get("members")})


def patched_group(group: Group, body: Mapping[str, Any]) -> Group:
    """What a directory's PATCH makes of a group.

    Raises:
        pydantic.ValidationError, SCIMException: It cannot be applied.
    """
    mended = {key: _removals(value) if key.lower() == "operations" else value for key, value in body.items()}
    operations = PatchOp[Group].model_validate(mended, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    changed = group.model_copy(deep=True)
    operations.patch(changed)
    return changed


def _removals(operations: Any) -> Any:
    """The operations, with a removal for each member: some directories name those to remove as a value."""
    if not isinstance(operations, list):
        return operations
    return [each for operation in operations for each in _removal(operation)]


def _removal(operation: Any) -> list[Any]:
    if not isinstance(operation, dict) or str(operation.get("op")).lower() != "remove":
        return [operation]
    values = operation.get("value")
    if operation.get("path") != "members" or not isinstance(values, list):
        return [operation]
    ids = [str(each.get("value")) for each in values if isinstance(each, dict)]
    return [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in ids]
