"""Who provisions: a tenant's directory, by the tenant's token. It is no person, and has no access token."""

from typing import Annotated

from fastapi import Depends, Request

from accunode_auth.resources import AppResources
from accunode_auth.scim_tokens import service as scim_tokens
from accunode_auth.scim_tokens.service import Directory


async def _directory(request: Request, app: AppResources) -> Directory:
    return await scim_tokens.authenticate(app, request.headers.get("authorization"))


CallingDirectory = Annotated[Directory, Depends(_directory)]
