"""The sharing switch, as clients see it."""

from typing import Annotated

from pydantic import Field

from accunode_common.schemas import InputModel, ResponseModel

Shown = Annotated[bool, Field(description="Whether the organization's members see the system's records.")]


class SharingIn(InputModel):
    """The switch's new position."""

    enabled: Shown


class SharingOut(ResponseModel):
    """Whether the organization's members see the system's records."""

    enabled: Shown
