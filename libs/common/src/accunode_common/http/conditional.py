"""Entity tags: a resource's version as `ETag`, and updates that refuse to overwrite what the caller has not seen."""

from typing import Annotated

from fastapi import Depends, Header, Response

from accunode_common.errors import StaleVersionError
from accunode_common.http.dependencies import construct


def entity_tag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


class Conditional:
    """The request's `If-Match` and the reply's `ETag`."""

    def __init__(
        self,
        response: Response,
        if_match: Annotated[
            str | None, Header(max_length=200, description="The ETag that the change builds on; a stale one is 412.")
        ] = None,
    ) -> None:
        self._response = response
        self._if_match = if_match

    def check(self, version: int) -> None:
        """Compare the resource's version with the caller's.

        Raises:
            StaleVersionError: The caller named another version.
        """
        if self._if_match is None or self._if_match.strip() == "*":
            return
        named = {tag.strip() for tag in self._if_match.split(",")}
        if entity_tag(version) not in named:
            raise StaleVersionError("Read the resource again, and repeat the change on what it says now.")

    def tag(self, version: int) -> None:
        """Put the resource's version into the reply."""
        self._response.headers["ETag"] = entity_tag(version)


IfMatch = Annotated[Conditional, Depends(construct(Conditional))]
"""For handlers that change a resource: `check` its version, and `tag` the reply."""


class Tagging:
    """The reply's `ETag`."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def tag(self, version: int) -> None:
        """Put the resource's version into the reply."""
        self._response.headers["ETag"] = entity_tag(version)


ETag = Annotated[Tagging, Depends(construct(Tagging))]
"""For handlers that show one resource: `tag` the reply."""
