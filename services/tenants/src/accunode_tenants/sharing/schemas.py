"""The sharing switch, as clients see it."""

from accunode_common.http.schemas import InputModel, ResponseModel


class SharingIn(InputModel):
    """The switch's new position."""

    enabled: bool


class SharingOut(ResponseModel):
    """Whether the organization's members see the system's records."""

    enabled: bool
