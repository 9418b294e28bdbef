"""What a worker process holds open, handed to every task."""

from dataclasses import dataclass
from typing import Self

from accunode_common.db.session import SyncDatabase
from accunode_common.storage.base import Storage
from accunode_common.storage.open import open_storage
from accunode_common.tasks.holders import Holder
from accunode_ml.settings import WorkerSettings
from accunode_scoring import ModelLibrary


@dataclass(frozen=True, slots=True)
class Runtime:
    """The worker's resources: settings, PostgreSQL, stored objects, models, and as whom it holds leases."""

    settings: WorkerSettings
    database: SyncDatabase
    storage: Storage
    models: ModelLibrary
    holder: Holder | None

    @classmethod
    def open(cls, settings: WorkerSettings, models: ModelLibrary | None = None, holder: Holder | None = None) -> Self:
        """Open everything; PostgreSQL is contacted with the first transaction.

        Raises:
            StorageError: The storage cannot be used.
        """
        return cls(
            settings=settings,
            database=SyncDatabase(settings.database, "accunode-worker"),
            storage=open_storage(settings.storage.url),
            models=models or ModelLibrary.load(settings.models.folder),
            holder=holder,
        )

    def close(self) -> None:
        """Close the pool of connections."""
        self.database.close()
