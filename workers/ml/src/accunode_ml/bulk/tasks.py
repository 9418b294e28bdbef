"""The Celery tasks of bulk jobs: each reads its message and hands it to a plain function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from celery import Celery

from accunode_common.tasks.messages import AdvanceJob, IngestFile, PurgeFiles, ScoreChunk, TaskMessage
from accunode_ml.bulk.advance import advance
from accunode_ml.bulk.ingest import ingest_file
from accunode_ml.bulk.purge import purge_files
from accunode_ml.bulk.score import score_chunk
from accunode_ml.runtime import Runtime

Message = TypeVar("Message", bound=TaskMessage)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds after which a task is told to stop, and after which its process is killed."""

    soft: float
    hard: float


MINUTE = TimeLimits(soft=50, hard=60)
"""Within the lease of a chunk: a lease never ends while its task still runs."""

READING = TimeLimits(soft=3300, hard=3600)
"""A file is read under a lease that is renewed on the way."""


def register(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Give `app` the tasks of bulk jobs; each call asks `runtime` for its process's resources."""
    _add(app, runtime, IngestFile, ingest_file, READING)
    _add(app, runtime, ScoreChunk, score_chunk, MINUTE)
    _add(app, runtime, AdvanceJob, advance, MINUTE)
    _add(app, runtime, PurgeFiles, purge_files, READING)


def _add(
    app: Celery,
    runtime: Callable[[], Runtime],
    kind: type[Message],
    run: Callable[[Runtime, Message], None],
    limits: TimeLimits,
) -> None:
    def task(**payload: Any) -> None:
        message = kind.model_validate(payload)
        with structlog.contextvars.bound_contextvars(**_facts(kind, message)):
            run(runtime(), message)

    app.task(task, name=kind.task, soft_time_limit=limits.soft, time_limit=limits.hard)


def _facts(kind: type[TaskMessage], message: TaskMessage) -> Mapping[str, str]:
    facts = {"task": kind.task, "tenant_id": str(message.tenant_id)}
    return facts | ({"request_id": message.request_id} if message.request_id else {})
