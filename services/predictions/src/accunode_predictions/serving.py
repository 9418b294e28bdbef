"""Which model version serves: the registry's champion, looked up again every few seconds; compiled scorers are kept."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Database, Reach
from accunode_common.errors import ServiceUnavailableError
from accunode_common.http.resources import resources
from accunode_common.http.session import SubjectSession
from accunode_common.log import get_logger
from accunode_common.models.registry import ModelStatus, ModelVersion
from accunode_common.models.tenancy import Tenant
from accunode_scoring import (
    DEFAULT_SCALE,
    Grade,
    Kind,
    MasterScale,
    ModelEntry,
    ModelLibrary,
    Scorer,
    UnknownModelError,
)

REFRESH_SECONDS = 2.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Cached:
    value: MasterScale
    read_at: float


async def synchronise(database: Database, library: ModelLibrary) -> list[ModelEntry]:
    """Enter the versions of `library` that the registry lacks, and give them.

    A version arrives with the status that the library's manifest gives it, except that it only becomes champion
    where its kind has none: which version serves is decided in the registry.
    """
    async with database.transaction(AccessContext(read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)) as session:
        rows = await session.execute(select(ModelVersion.kind, ModelVersion.version, ModelVersion.status))
        known = {(kind, version): status for kind, version, status in rows}
        served = {kind for (kind, _), status in known.items() if status == ModelStatus.CHAMPION}
        added = []
        for entry in library.entries():
            if (entry.kind.value, entry.version) in known:
                continue
            status = ModelStatus(entry.status)
            if status is ModelStatus.CHAMPION and entry.kind.value in served:
                status = ModelStatus.CANDIDATE
            await session.execute(_entering(entry, status, library))
            added.append(entry)
    for entry in added:
        logger.info("model version entered", kind=entry.kind, version=entry.version)
    return added


def _entering(entry: ModelEntry, status: ModelStatus, library: ModelLibrary) -> Insert:
    document = library.scorer(entry.kind, entry.version).model.document
    return (
        insert(ModelVersion)
        .values(
            kind=entry.kind.value,
            version=entry.version,
            sha256=entry.sha256,
            status=status,
            metrics=document.get("metrics", {}),
        )
        .on_conflict_do_nothing()
    )


class ServingModels:
    """The scorers of one process.

    Args:
        library: The verified model files.
    """

    def __init__(self, library: ModelLibrary) -> None:
        self.library = library
        self._hashes = {(entry.kind, entry.version): entry.sha256 for entry in library.entries()}
        self._champions: Mapping[Kind, tuple[str, str]] = {}
        self._read_at = float("-inf")
        self._synchronised = False
        self._scales: dict[UUID, _Cached] = {}

    def warm(self) -> None:
        """Compile the library's own champions, so that the first request need not."""
        for entry in self.library.entries():
            if entry.status == ModelStatus.CHAMPION:
                self.library.scorer(entry.kind, entry.version)

    async def champion(self, session: AsyncSession, database: Database, kind: Kind) -> Scorer:
        """The scorer of the champion of `kind`.

        Raises:
            ServiceUnavailableError: The registry names none, or one whose files are not here or differ.
        """
        await self.enter_versions(database)
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            await self._refresh(session)
        if kind not in self._champions:
            raise ServiceUnavailableError(f"No {kind.value} model serves.")
        version, sha256 = self._champions[kind]
        return self._verified(kind, version, sha256)

    async def enter_versions(self, database: Database) -> None:
        """See to it, once in the life of the process, that the registry knows the library's versions."""
        if not self._synchronised:
            await synchronise(database, self.library)
            self._synchronised = True

    def forget(self) -> None:
        """Read the registry again at the next request."""
        self._read_at = float("-inf")

    def scorer(self, kind: Kind, version: str) -> Scorer:
        """The scorer of a version.

        Raises:
            ServiceUnavailableError: Its files are not here.
        """
        try:
            return self.library.scorer(kind, version)
        except UnknownModelError:
            logger.error("model files missing", kind=kind, version=version)
            raise ServiceUnavailableError(f"The files of {kind.value} model {version} are not at hand.") from None

    async def scale(self, session: AsyncSession, tenant_id: UUID) -> MasterScale:
        """The master scale of a tenant: its own, or the default."""
        cached = self._scales.get(tenant_id)
        now = time.monotonic()
        if cached is None or now - cached.read_at > REFRESH_SECONDS:
            own = await session.scalar(select(Tenant.master_scale).where(Tenant.id == tenant_id))
            cached = _Cached(_scale(own), now)
            self._scales[tenant_id] = cached
        return cached.value

    async def _refresh(self, session: AsyncSession) -> None:
        rows = await session.execute(
            select(ModelVersion.kind, ModelVersion.version, ModelVersion.sha256).where(
                ModelVersion.status == ModelStatus.CHAMPION
            )
        )
        self._champions = {Kind(kind): (version, sha256) for kind, version, sha256 in rows}
        self._read_at = time.monotonic()

    def _verified(self, kind: Kind, version: str, sha256: str) -> Scorer:
        if self._hashes.get((kind, version), sha256) != sha256:
            logger.error("model files differ from the registry", kind=kind, version=version)
            raise ServiceUnavailableError(f"The files of {kind.value} model {version} differ from the registry's.")
        return self.scorer(kind, version)


def _scale(own: list[dict[str, object]] | None) -> MasterScale:
    if own is None:
        return DEFAULT_SCALE
    return MasterScale(
        tuple(Grade(str(grade["name"]), float(str(grade["upper"])), float(str(grade["midpoint"]))) for grade in own)
    )


def serving_models(request: Request) -> ServingModels:
    """The scorers of the application that answers `request`."""
    return cast(ServingModels, request.app.state.models)


@dataclass(frozen=True, slots=True)
class Scoring:
    """Scores for one request: with the champion, on a tenant's master scale."""

    models: ServingModels
    database: Database
    session: AsyncSession

    async def champion(self, kind: Kind) -> Scorer:
        """The scorer that serves."""
        return await self.models.champion(self.session, self.database, kind)

    async def scale(self, subject: Subject) -> MasterScale:
        """The master scale of the caller's tenant."""
        return await self.models.scale(self.session, subject.tenant_id)


def _scoring(request: Request, session: SubjectSession) -> Scoring:
    return Scoring(serving_models(request), resources(request).database, session)


RequestScoring = Annotated[Scoring, Depends(_scoring)]
