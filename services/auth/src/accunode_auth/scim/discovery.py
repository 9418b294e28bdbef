"""What this service provider can do (RFC 7643, sections 5 to 7)."""

from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    ListResponse,
    Meta,
    NotFoundException,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from accunode_auth.resources import Resources
from accunode_auth.scim.schemas import Group, User
from accunode_auth.scim.service import MOST_RESULTS
from accunode_auth.scim_tokens.service import base_url

_RESOURCES = (User, Group)


def config(app: Resources) -> dict[str, Any]:
    """What is supported."""
    found = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A provisioning token of the tenant, from POST /auth/scim-tokens.",
                primary=True,
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=f"{base_url(app)}/ServiceProviderConfig"),
    )
    return _dump(found)


def resource_types(app: Resources) -> dict[str, Any]:
    """The kinds of resources."""
    return _list([_dump(each) for each in _resource_types(app)])


def resource_type(app: Resources, name: str) -> dict[str, Any]:
    """One kind of resource.

    Raises:
        NotFoundException: There is none of that name.
    """
    return _one([_dump(each) for each in _resource_types(app) if each.name == name])


def schemas(app: Resources) -> dict[str, Any]:
    """The schemas of the resources."""
    return _list([_dump(each) for each in _schemas(app)])


def schema(app: Resources, name: str) -> dict[str, Any]:
    """One schema.

    Raises:
        NotFoundException: There is none of that name.
    """
    return _one([_dump(each) for each in _schemas(app) if each.id == name])


def _resource_types(app: Resources) -> list[ResourceType]:
    found = [ResourceType.from_resource(each) for each in _RESOURCES]
    for each in found:
        each.meta = Meta(resource_type="ResourceType", location=f"{base_url(app)}/ResourceTypes/{each.name}")
    return found


def _schemas(app: Resources) -> list[Schema]:
    found = [each.to_schema() for each in _RESOURCES]
    for each in found:
        each.meta = Meta(resource_type="Schema", location=f"{base_url(app)}/Schemas/{each.id}")
    return found


def _dump(resource: Resource[Any]) -> dict[str, Any]:
    return resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def _one(found: list[dict[str, Any]]) -> dict[str, Any]:
    if not found:
        raise NotFoundException(detail="There is no such thing.")
    return found[0]


def _list(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [str(ListResponse.__schema__)],
        "totalResults": len(found),
        "startIndex": 1,
        "itemsPerPage": len(found),
        "Resources": found,
    }
