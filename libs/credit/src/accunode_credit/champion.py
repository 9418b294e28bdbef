"""Which model version serves and which is watched beside it: the registry says, of files whose hash it knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from accunode_credit.models.registry import ModelStatus, ModelVersion
from accunode_scoring import Kind, ModelLibrary


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the registry knows it, with the hash of its files."""

    kind: Kind
    version: str
    sha256: str

    def is_in(self, library: ModelLibrary) -> bool:
        """Whether its files are here, with the registry's hash."""
        return any(
            (entry.kind, entry.version, entry.sha256) == (self.kind, self.version, self.sha256)
            for entry in library.entries()
        )


Serving = dict[tuple[Kind, ModelStatus], Version]
"""The champion and the challenger of each kind that has one."""


def in_use(kind: Kind | None = None) -> Select[str, str, str, str]:
    """Selects the champions and challengers, of one kind or of all, for `serving`."""
    statement = select(ModelVersion.kind, ModelVersion.status, ModelVersion.version, ModelVersion.sha256).where(
        ModelVersion.status.in_([ModelStatus.CHAMPION, ModelStatus.CHALLENGER])
    )
    return statement if kind is None else statement.where(ModelVersion.kind == kind)


def serving(rows: Iterable[Sequence[str]]) -> Serving:
    """What the registry says of them."""
    found = (tuple(row) for row in rows)
    return {
        (Kind(kind), ModelStatus(status)): Version(Kind(kind), version, sha256)
        for kind, status, version, sha256 in found
    }
