"""The public signing keys."""

from fastapi import Response

from accunode_auth.keys.schemas import KeySet
from accunode_auth.resources import AppResources
from accunode_common.http.app import api_router

router = api_router("", tag="keys")


@router.get("/.well-known/jwks.json", summary="Public signing keys")
async def read_key_set(app: AppResources, response: Response) -> KeySet:
    """The keys that access tokens are verified with; a token's `kid` names its key."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return KeySet.model_validate(app.keys.document())
