"""The Celery worker: what a process opens, what it answers to, and how it shows that it lives."""

import os
import sys
from typing import Any

import redis
from celery import Celery, bootsteps, signals

from accunode_common.log import configure_logging, get_logger
from accunode_common.storage import StorageError
from accunode_common.tasks.celery import create_celery
from accunode_ml.bulk import tasks as bulk
from accunode_ml.heartbeat import BEAT_SECONDS, beat_if_answered, redis_client
from accunode_ml.monitoring import tasks as monitoring
from accunode_ml.portfolio import tasks as portfolio
from accunode_ml.runtime import Runtime
from accunode_ml.settings import WorkerSettings
from accunode_ml.startup import StartupError, await_postgres, await_redis
from accunode_scoring import ModelFilesError, ModelLibrary

logger = get_logger(__name__)


class ProcessRuntime:
    """The runtime of this process, opened when first asked for: a connection must not cross a fork."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._models: ModelLibrary | None = None
        self._opened: tuple[int, Runtime] | None = None

    def load_models(self) -> None:
        """Read the models before the processes fork, so that they share the memory.

        Raises:
            ModelFilesError: A file is missing or differs from the manifest.
        """
        self._models = ModelLibrary.load(self._settings.models_dir)
        for entry in self._models.entries():
            if entry.status == "champion":
                self._models.scorer(entry.kind, entry.version)

    def __call__(self) -> Runtime:
        """This process's runtime."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), Runtime.open(self._settings, self._models))
        return self._opened[1]

    def close(self) -> None:
        """Close what this process opened."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
            self._opened = None


def create_worker(settings: WorkerSettings) -> Celery:
    """The worker's Celery application with all its tasks. Nothing is contacted yet."""
    app = create_celery("accunode-worker", settings)
    runtime = ProcessRuntime(settings)
    for feature in (bulk, portfolio, monitoring):
        feature.register(app, runtime)
    app.steps["consumer"].add(_heartbeat_step(settings))
    _connect(settings, runtime)
    return app


def _heartbeat_step(settings: WorkerSettings) -> type[bootsteps.StartStopStep]:
    path, broker = settings.heartbeat("worker"), redis_client(settings)

    def beat() -> None:
        try:
            beat_if_answered(path, broker)
        except redis.RedisError as error:
            logger.error("server away", server="redis", reason=str(error))

    class Heartbeat(bootsteps.StartStopStep):  # type: ignore[misc]
        """Beats from the consumer's own loop: one that is stuck, disconnected or waits for Redis in vain stops."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, parent: Any) -> None:
            beat()
            self._timer = parent.timer.call_repeatedly(BEAT_SECONDS, beat)

        def stop(self, _parent: Any) -> None:
            if getattr(self, "_timer", None) is not None:
                self._timer.cancel()
                self._timer = None

    return Heartbeat


def _connect(settings: WorkerSettings, runtime: ProcessRuntime) -> None:
    """Tie the start and the end of processes to Celery's signals; each handler lives as long as the application."""

    def set_up_logging(**_: Any) -> None:
        configure_logging(settings, service="worker")

    def check_surroundings(**_: Any) -> None:
        try:
            runtime.load_models()
            await_redis(settings, seconds=settings.startup_seconds)
            await_postgres(settings, seconds=settings.startup_seconds)
            runtime()
        except (StartupError, ModelFilesError, StorageError) as error:
            sys.exit(f"The worker cannot start: {error}")
        finally:
            runtime.close()

    def open_runtime(**_: Any) -> None:
        runtime()

    def close_runtime(**_: Any) -> None:
        runtime.close()

    signals.setup_logging.connect(set_up_logging, weak=False)
    signals.worker_init.connect(check_surroundings, weak=False)
    signals.worker_process_init.connect(open_runtime, weak=False)
    signals.worker_process_shutdown.connect(close_runtime, weak=False)
