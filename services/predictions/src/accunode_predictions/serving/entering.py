"""Enters the model versions of a library into the registry."""

from collections.abc import Sequence

from accunode_common.db.session import AccessContext, Database, Reach
from accunode_common.log import get_logger
from accunode_credit.models.registry import ModelStatus
from accunode_predictions.serving import repository
from accunode_scoring import ModelEntry, ModelLibrary

logger = get_logger(__name__)

_PLATFORM = AccessContext(read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)


async def synchronise(database: Database, library: ModelLibrary) -> Sequence[ModelEntry]:
    """Enter the versions of `library` that the registry lacks, with their metrics, and give them.

    A version arrives with the status that the library's manifest gives it, except that it becomes champion only
    where its kind has none: which version serves is decided in the registry.
    """
    async with database.transaction(_PLATFORM) as session:
        known = await repository.known_versions(session)
        served = {kind for (kind, _), status in known.items() if status == ModelStatus.CHAMPION}
        added = [entry for entry in library.entries() if (entry.kind.value, entry.version) not in known]
        for entry in added:
            values = {
                "kind": entry.kind.value,
                "version": entry.version,
                "sha256": entry.sha256,
                "status": _status(entry, served),
                "metrics": library.metrics(entry.kind, entry.version),
            }
            await repository.enter_version(session, values)
    for entry in added:
        logger.info("model version entered", kind=entry.kind, version=entry.version)
    return added


def _status(entry: ModelEntry, served: set[str]) -> ModelStatus:
    status = ModelStatus(entry.status)
    if status is ModelStatus.CHAMPION and entry.kind.value in served:
        return ModelStatus.CANDIDATE
    return status
