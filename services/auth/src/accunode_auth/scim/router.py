"""SCIM over HTTP. It describes itself under /Schemas and /ResourceTypes, and so is not in the OpenAPI document."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response, status
from scim2_models import Context, NotFoundException, ResponseParameters

from accunode_auth.public_routes import ProvisioningRoute
from accunode_auth.resources import AppResources, InvitationMailing
from accunode_auth.scim import discovery, groups, service
from accunode_auth.scim.permissions import CallingDirectory
from accunode_auth.scim.protocol import MEDIA_TYPE, ScimResponse, ScimRoute
from accunode_auth.scim.schemas import Group, User
from accunode_auth.scim.trail import DirectoryAudit

router = APIRouter(
    prefix="/scim/v2",
    tags=["provisioning"],
    route_class=ScimRoute,
    default_response_class=ScimResponse,
    dependencies=[ProvisioningRoute],
    include_in_schema=False,
)

Selection = ResponseParameters[User]
Item = Annotated[str, Path(max_length=100)]
Sent = Annotated[dict[str, Any], Body(media_type=MEDIA_TYPE)]
Match = Annotated[str | None, Header(alias="If-Match", max_length=1000)]
Names = Annotated[str | None, Query(max_length=1000)]


async def _selection(
    attributes: Names = None, excluded: Annotated[str | None, Query(alias="excludedAttributes", max_length=1000)] = None
) -> Selection:
    """Which attributes a reply has."""
    given = {"attributes": attributes, "excludedAttributes": excluded}
    return Selection.model_validate({name: text.split(",") for name, text in given.items() if text})


async def _group_selection(
    attributes: Names = None, excluded: Annotated[str | None, Query(alias="excludedAttributes", max_length=1000)] = None
) -> ResponseParameters[Group]:
    """Which attributes a reply about groups has."""
    given = {"attributes": attributes, "excludedAttributes": excluded}
    return ResponseParameters[Group].model_validate({name: text.split(",") for name, text in given.items() if text})


Selected = Annotated[Selection, Depends(_selection)]
GroupSelected = Annotated[ResponseParameters[Group], Depends(_group_selection)]


@router.get("/ServiceProviderConfig")
async def read_scim_configuration(_directory: CallingDirectory, app: AppResources) -> Response:
    """What is supported."""
    return ScimResponse(discovery.config(app))


@router.get("/ResourceTypes")
async def list_scim_resource_types(_directory: CallingDirectory, app: AppResources) -> Response:
    """The kinds of resources."""
    return ScimResponse(discovery.resource_types(app))


@router.get("/ResourceTypes/{name}")
async def read_scim_resource_type(_directory: CallingDirectory, app: AppResources, name: Item) -> Response:
    """One kind of resource."""
    return ScimResponse(discovery.resource_type(app, name))


@router.get("/Schemas")
async def list_scim_schemas(_directory: CallingDirectory, app: AppResources) -> Response:
    """The schemas of the resources."""
    return ScimResponse(discovery.schemas(app))


@router.get("/Schemas/{name}")
async def read_scim_schema(_directory: CallingDirectory, app: AppResources, name: Item) -> Response:
    """One schema."""
    return ScimResponse(discovery.schema(app, name))


@router.get("/Users")
async def list_scim_users(
    directory: CallingDirectory,
    app: AppResources,
    selected: Selected,
    text: Annotated[str | None, Query(alias="filter", max_length=500)] = None,
    start: Annotated[int, Query(alias="startIndex")] = 1,
    count: Annotated[int, Query()] = service.MOST_RESULTS,
) -> Response:
    """The tenant's people, and the addresses that are invited."""
    found = await service.listing(app, directory, text=text, start=start, count=count)
    return ScimResponse(found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=selected))


@router.post("/.search")
async def search_scim_resources(directory: CallingDirectory, app: AppResources, body: Sent) -> Response:
    """The same people at the root, with the filter in the body; groups are listed at `/Groups` alone."""
    return ScimResponse(await service.search(app, directory, body))


@router.post("/Users/.search")
async def search_scim_users(directory: CallingDirectory, app: AppResources, body: Sent) -> Response:
    """The same, with the filter in the body."""
    return ScimResponse(await service.search(app, directory, body))


@router.post("/Users", status_code=status.HTTP_201_CREATED)
async def create_scim_user(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    mails: InvitationMailing,
    body: Sent,
) -> Response:
    """Adds somebody: with an account that the tenant manages, or by an invitation."""
    made = await service.create(app, directory, trail, mails, body)
    return ScimResponse(made.body(Context.RESOURCE_CREATION_RESPONSE), status.HTTP_201_CREATED, made.headers)


@router.get("/Users/{user_id}")
async def read_scim_user(directory: CallingDirectory, app: AppResources, selected: Selected, user_id: Item) -> Response:
    """One of the tenant's people, or an address that is invited."""
    found = await service.read(app, directory, user_id)
    return ScimResponse(found.body(response_parameters=selected), headers=found.headers)


@router.put("/Users/{user_id}")
async def replace_scim_user(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    mails: InvitationMailing,
    user_id: Item,
    body: Sent,
    if_match: Match = None,
) -> Response:
    """Takes what the directory says of somebody as the whole truth."""
    changed = await service.replace(app, directory, trail, mails, user_id, if_match, body)
    return ScimResponse(changed.body(Context.RESOURCE_REPLACEMENT_RESPONSE), headers=changed.headers)


@router.patch("/Users/{user_id}")
async def patch_scim_user(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    mails: InvitationMailing,
    user_id: Item,
    body: Sent,
    if_match: Match = None,
) -> Response:
    """Changes some of what the directory says of somebody."""
    changed = await service.patch(app, directory, trail, mails, user_id, if_match, body)
    return ScimResponse(changed.body(Context.RESOURCE_PATCH_RESPONSE), headers=changed.headers)


@router.delete("/Users/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_scim_user(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    user_id: Item,
    if_match: Match = None,
) -> None:
    """Removes somebody from the tenant, or takes the invitation back."""
    await service.remove(app, directory, trail, user_id, if_match)


@router.get("/Groups")
async def list_scim_groups(
    directory: CallingDirectory,
    app: AppResources,
    selected: GroupSelected,
    text: Annotated[str | None, Query(alias="filter", max_length=500)] = None,
    start: Annotated[int, Query(alias="startIndex")] = 1,
    count: Annotated[int, Query()] = service.MOST_RESULTS,
) -> Response:
    """The tenant's organizations."""
    found = await groups.listing(app, directory, text=text, start=start, count=count)
    return ScimResponse(found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=selected))


@router.get("/Groups/{group_id}")
async def read_scim_group(
    directory: CallingDirectory, app: AppResources, selected: GroupSelected, group_id: Item
) -> Response:
    """One of the tenant's organizations."""
    found = await groups.read(app, directory, group_id)
    return ScimResponse(found.body(response_parameters=selected), headers=found.headers)


@router.put("/Groups/{group_id}")
async def replace_scim_group(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    group_id: Item,
    body: Sent,
    if_match: Match = None,
) -> Response:
    """Takes the directory's list of members as the whole truth."""
    changed = await groups.replace(app, directory, trail, group_id, if_match, body)
    return ScimResponse(changed.body(Context.RESOURCE_REPLACEMENT_RESPONSE), headers=changed.headers)


@router.patch("/Groups/{group_id}")
async def patch_scim_group(
    directory: CallingDirectory,
    app: AppResources,
    trail: DirectoryAudit,
    group_id: Item,
    body: Sent,
    if_match: Match = None,
) -> Response:
    """Adds and removes members."""
    changed = await groups.patch(app, directory, trail, group_id, if_match, body)
    return ScimResponse(changed.body(Context.RESOURCE_PATCH_RESPONSE), headers=changed.headers)


@router.post("/Groups")
async def create_scim_group(_directory: CallingDirectory) -> Response:
    """Nothing: organizations are made in AccuNode."""
    groups.refuse_making()


@router.delete("/Groups/{group_id}")
async def remove_scim_group(_directory: CallingDirectory, group_id: Item) -> Response:  # noqa: ARG001 - of the path
    """Nothing: organizations are deleted in AccuNode."""
    groups.refuse_deleting()


@router.get("/{rest:path}")
async def read_other_scim_resource(_directory: CallingDirectory, rest: str) -> Response:
    """Nothing: what is not there is told in SCIM's form too."""
    raise NotFoundException(detail=f"There is no /{rest[:100]}.")
