"""How a plain function becomes a Celery task: it gets the process's resources and a typed message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from celery import Celery

from accunode_common.db.transient import again_while_transient
from accunode_common.tasks.messages import TaskMessage
from accunode_ml.runtime import Runtime

Message = TypeVar("Message", bound=TaskMessage)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds after which a task is told to stop, and after which its process is killed."""

    soft: float
    hard: float


MINUTE = TimeLimits(soft=50, hard=60)
"""Within the lease of a chunk: a lease never ends while its task still runs."""

HOUR = TimeLimits(soft=3300, hard=3600)
"""For work under a lease that is renewed on the way."""


def add_task(
    app: Celery,
    runtime: Callable[[], Runtime],
    kind: type[Message],
    run: Callable[[Runtime, Message], None],
    limits: TimeLimits,
) -> None:
    """Have `app` answer messages of a kind with `run`; each call asks `runtime` for its process's resources."""

    def task(**payload: Any) -> None:
        message = kind.model_validate(payload)
        resources = runtime()
        with structlog.contextvars.bound_contextvars(**_facts(kind, message)):
            again_while_transient(lambda: run(resources, message), seconds=resources.settings.database.away_seconds)

    # Not shared: another application in the same process has tasks of its own.
    app.task(task, name=kind.task, shared=False, soft_time_limit=limits.soft, time_limit=limits.hard)


def _facts(kind: type[TaskMessage], message: TaskMessage) -> Mapping[str, str]:
    facts = {"task": kind.task, "tenant_id": str(message.tenant_id)}
    return facts | ({"request_id": message.request_id} if message.request_id else {})
