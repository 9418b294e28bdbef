"""Register the model versions of a library in the registry."""

from collections.abc import Sequence

from accunode_common.db.session import AccessContext, Database, Reach
from accunode_common.log import get_logger
from accunode_predictions.serving import repository
from accunode_scoring import ModelEntry, ModelLibrary

logger = get_logger(__name__)

_PLATFORM = AccessContext(read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)


async def synchronise(database: Database, library: ModelLibrary) -> Sequence[ModelEntry]:
    """Enter the versions of `library` that the registry lacks, with their metrics, and give them."""
    async with database.transaction(_PLATFORM) as session:
        lacking = list((await repository.model_registry(session)).lacks(library))
        for entry, status in lacking:
            values = {
                "kind": entry.kind,
                "version": entry.version,
                "sha256": entry.sha256,
                "status": status,
                "metrics": library.metrics(entry.kind, entry.version),
            }
            await repository.enter_version(session, values)
    added = [entry for entry, _ in lacking]
    for entry in added:
        logger.info("model version entered", kind=entry.kind, version=entry.version)
    return added
