"""Which model version serves and which is watched beside it: the registry says, of files whose hash it knows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, select

from accunode_credit.models.registry import ModelStatus, ModelVersion
from accunode_scoring import Kind, ModelEntry, ModelLibrary, Scorer


class ModelRefusedError(Exception):
    """Nothing may be scored: no version serves, or its files are not those that the registry knows."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the registry knows it, with the hash of its files."""

    kind: Kind
    version: str
    sha256: str

    def is_in(self, library: ModelLibrary) -> bool:
        """Whether the library has its files, with the registry's hash."""
        return any(
            (entry.kind, entry.version, entry.sha256) == (self.kind, self.version, self.sha256)
            for entry in library.entries()
        )

    def scorer(self, library: ModelLibrary) -> Scorer:
        """The scorer of its files.

        Raises:
            ModelRefusedError: They are not here, or their hash is not the registry's.
        """
        if not self.is_in(library):
            raise _without_files(self.kind, self.version)
        return library.scorer(self.kind, self.version)


@dataclass(frozen=True, slots=True)
class Registry:
    """The versions that the registry knows, with their status."""

    versions: Mapping[Version, ModelStatus] = field(default_factory=dict)

    def champion(self, kind: Kind) -> Version:
        """The version of a kind that serves.

        Raises:
            ModelRefusedError: None does.
        """
        found = self.in_role(kind, ModelStatus.CHAMPION)
        if found is None:
            raise ModelRefusedError(f"No {kind} model serves.")
        return found

    def in_role(self, kind: Kind, role: ModelStatus) -> Version | None:
        """The champion or the challenger of a kind, if it has one."""
        return next((each for each, status in self.versions.items() if (each.kind, status) == (kind, role)), None)

    def version(self, kind: Kind, version: str) -> Version:
        """A version by its name.

        Raises:
            ModelRefusedError: The registry does not know it.
        """
        for known in self.versions:
            if (known.kind, known.version) == (kind, version):
                return known
        raise _without_files(kind, version)

    def lacks(self, library: ModelLibrary) -> Iterator[tuple[ModelEntry, ModelStatus]]:
        """The versions of a library that are to be registered, each with the status it gets.

        That is the status of the library's manifest, except that a version becomes champion only where its kind has
        none: which version serves is decided in the registry.
        """
        known = {(each.kind, each.version) for each in self.versions}
        served = {each.kind for each, status in self.versions.items() if status is ModelStatus.CHAMPION}
        for entry in library.entries():
            if (entry.kind, entry.version) not in known:
                status = ModelStatus(entry.status)
                is_second = status is ModelStatus.CHAMPION and entry.kind in served
                yield entry, ModelStatus.CANDIDATE if is_second else status

    def with_all_of(self, library: ModelLibrary) -> "Registry":
        """The registry as it will be once the library's versions are registered; a new database has none of them."""
        lacking = {Version(entry.kind, entry.version, entry.sha256): status for entry, status in self.lacks(library)}
        return Registry({**self.versions, **lacking})


def registered() -> Select[str, str, str, str]:
    """Selects every version, for `registry_of`."""
    return select(ModelVersion.kind, ModelVersion.version, ModelVersion.sha256, ModelVersion.status)


def registry_of(rows: Iterable[Sequence[str]]) -> Registry:
    """The registry, of its rows."""
    found = (tuple(row) for row in rows)
    return Registry(
        {Version(Kind(kind), version, sha256): ModelStatus(status) for kind, version, sha256, status in found}
    )


def _without_files(kind: Kind, version: str) -> ModelRefusedError:
    return ModelRefusedError(f"The files of {kind} model {version} are missing or differ.")
