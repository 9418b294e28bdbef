"""Which model version serves: the registry's champion, looked up again every few seconds; compiled scorers are kept."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import ServiceUnavailableError
from accunode_common.log import get_logger
from accunode_credit.champion import ModelRefusedError, Registry, Version
from accunode_credit.grading import Grading
from accunode_credit.models.registry import ModelStatus
from accunode_predictions.serving import repository
from accunode_predictions.serving.registration import synchronise
from accunode_scoring import (
    Kind,
    MasterScale,
    ModelLibrary,
    Scorer,
    UnknownModelError,
)

REFRESH_SECONDS = 2.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Cached:
    value: Grading
    read_at: float


class ServingModels:
    """The scorers of one process.

    Args:
        folder: Where the model files are; None for those that the scoring library ships.

    Raises:
        ModelFilesError: They are missing, or differ from their manifest.
    """

    def __init__(self, folder: Path | None) -> None:
        self.library = ModelLibrary.load(folder)
        self._registry = Registry()
        self._read_at = float("-inf")
        self._synchronised = False
        self._entering = asyncio.Lock()
        self._gradings: dict[UUID, _Cached] = {}

    def warm(self) -> None:
        """Compile the library's own champions of the kinds that are stored, so that the first request need not."""
        for entry in self.library.entries():
            if entry.status == ModelStatus.CHAMPION:
                self.library.scorer(entry.kind, entry.version)

    async def champion(self, session: AsyncSession, database: Database, kind: Kind) -> Scorer:
        """The scorer of the champion of `kind`.

        Raises:
            ServiceUnavailableError: The registry names none, or one whose files are not here or differ.
        """
        await self._current(session, database)
        try:
            return self._registry.champion(kind).scorer(self.library)
        except ModelRefusedError as refusal:
            logger.error("no model to score with", kind=kind, reason=str(refusal))
            raise ServiceUnavailableError(str(refusal)) from None

    async def challenger(self, session: AsyncSession, database: Database, kind: Kind) -> Scorer | None:
        """The scorer of the challenger of `kind`, if there is one and its files are here."""
        await self._current(session, database)
        challenger = self._registry.in_role(kind, ModelStatus.CHALLENGER)
        if challenger is None or not challenger.is_in(self.library):
            return None
        return challenger.scorer(self.library)

    def has(self, kind: Kind, version: str, sha256: str) -> bool:
        """Whether the files of a version are here, with the registry's hash."""
        return Version(kind, version, sha256).is_in(self.library)

    def card(self, kind: Kind, version: str) -> str | None:
        """The model card of a version in Markdown, if there is one among its files."""
        known = any((entry.kind, entry.version) == (kind, version) for entry in self.library.entries())
        return self.library.card(kind, version) if known else None

    async def enter_versions(self, database: Database) -> None:
        """See to it, once in the life of the process, that the registry knows the library's versions."""
        if self._synchronised:
            return
        async with self._entering:
            if not self._synchronised:
                await synchronise(database, self.library)
                self._synchronised = True

    async def enter_versions_if_possible(self, database: Database) -> None:
        """Enter the versions at start-up; where the database is away, the first request does it."""
        try:
            await self.enter_versions(database)
        except SQLAlchemyError as error:
            logger.warning("model versions not entered yet", reason=str(error))

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
            raise ServiceUnavailableError(f"The files of {kind} model {version} are not at hand.") from None

    async def grading(self, session: AsyncSession, tenant_id: UUID) -> Grading:
        """The master scale of a tenant, its own or the default, and its central tendencies."""
        cached = self._gradings.get(tenant_id)
        now = time.monotonic()
        if cached is None or now - cached.read_at > REFRESH_SECONDS:
            cached = _Cached(await repository.grading(session, tenant_id), now)
            self._gradings[tenant_id] = cached
        return cached.value

    async def _current(self, session: AsyncSession, database: Database) -> None:
        await self.enter_versions(database)
        if time.monotonic() - self._read_at <= REFRESH_SECONDS:
            return
        self._registry = await repository.model_registry(session)
        self._read_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class Scoring:
    """Scores for one request: with the champion, on a tenant's master scale."""

    models: ServingModels
    database: Database
    session: AsyncSession

    async def champion(self, kind: Kind) -> Scorer:
        """The scorer that serves."""
        return await self.models.champion(self.session, self.database, kind)

    async def challenger(self, kind: Kind) -> Scorer | None:
        """The scorer that is watched beside it, if any."""
        return await self.models.challenger(self.session, self.database, kind)

    async def grading(self, tenant_id: UUID) -> Grading:
        """The master scale and the central tendencies of a tenant."""
        return await self.models.grading(self.session, tenant_id)

    async def scale(self, subject: Subject) -> MasterScale:
        """The master scale of the caller's tenant."""
        return (await self.grading(subject.tenant_id)).scale

    async def serving(self, subject: Subject, kind: Kind) -> tuple[Scorer, MasterScale]:
        """The scorer that serves, at the central tendency of the caller's tenant, and the tenant's master scale."""
        scorer, grading = await self.champion(kind), await self.grading(subject.tenant_id)
        return grading.at_level(scorer), grading.scale
