"""The Celery tasks of bulk jobs: each reads its message and hands it to a plain function."""

from collections.abc import Callable

from celery import Celery

from accunode_common.tasks.messages import AdvanceJob, IngestFile, PurgeFiles, ScoreChunk, SweepStorage
from accunode_ml.bulk.advance import advance
from accunode_ml.bulk.ingest import ingest_file
from accunode_ml.bulk.purge import purge_files
from accunode_ml.bulk.score import score_chunk
from accunode_ml.bulk.sweep import sweep_storage
from accunode_ml.runtime import Runtime
from accunode_ml.tasks import HOUR, MINUTE, add_task


def register(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Give `app` the tasks of bulk jobs; each call asks `runtime` for its process's resources."""
    add_task(app, runtime, IngestFile, ingest_file, HOUR)
    add_task(app, runtime, ScoreChunk, score_chunk, MINUTE)
    add_task(app, runtime, AdvanceJob, advance, MINUTE)
    add_task(app, runtime, PurgeFiles, purge_files, HOUR)
    add_task(app, runtime, SweepStorage, sweep_storage, HOUR)
