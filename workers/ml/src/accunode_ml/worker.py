"""The Celery worker: what a process opens, what it answers to, and how it shows that it lives."""

import os
import sys
from typing import Any

from celery import Celery, bootsteps, signals

from accunode_common.log import configure_logging
from accunode_common.storage.base import StorageError
from accunode_common.tasks.celery import create_celery
from accunode_common.tasks.holders import Holder
from accunode_ml.bulk import tasks as bulk
from accunode_ml.memory import hold_little
from accunode_ml.monitoring import tasks as monitoring
from accunode_ml.portfolio import tasks as portfolio
from accunode_ml.runtime import Runtime
from accunode_ml.settings import WorkerSettings
from accunode_ml.startup import StartupError, await_postgres, await_redis
from accunode_ml.task_counts import TaskCounts, counted
from accunode_ml.watch import Watch, add_probe
from accunode_scoring import ModelFilesError, ModelLibrary


class ProcessRuntime:
    """The runtime of this process, opened when first asked for: a connection must not cross a fork."""

    def __init__(self, settings: WorkerSettings, worker: Holder) -> None:
        self._settings = settings
        self._worker = worker
        self._models: ModelLibrary | None = None
        self._opened: tuple[int, Runtime] | None = None

    def load_models(self) -> None:
        """Read the models before the processes fork, so that they share the memory.

        Raises:
            ModelFilesError: A file is missing or differs from the manifest.
        """
        self._models = ModelLibrary.load(self._settings.models.folder)
        for entry in self._models.entries():
            if entry.status == "champion":
                self._models.scorer(entry.kind, entry.version)

    def __call__(self) -> Runtime:
        """This process's runtime."""
        if self._opened is None or self._opened[0] != os.getpid():
            holder = Holder.here(self._worker.id)
            self._opened = (os.getpid(), Runtime.open(self._settings, self._models, holder))
        return self._opened[1]

    def close(self) -> None:
        """Close what this process opened."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
            self._opened = None


def create_worker(settings: WorkerSettings) -> Celery:
    """The worker's Celery application with all its tasks. Nothing is contacted yet."""
    app = create_celery("accunode-worker", settings.redis)
    holder, counts = Holder.here(), TaskCounts(each=settings.metrics.scope is not None)
    runtime, watch = ProcessRuntime(settings, holder), Watch(app, settings, holder, counts)
    app.Task.Request = counted(counts)
    for feature in (bulk, portfolio, monitoring):
        feature.register(app, runtime)
    add_probe(app, watch)
    app.steps["consumer"].add(_watch_step(watch))
    _connect(settings, runtime, watch)
    return app


def _watch_step(watch: Watch) -> type[bootsteps.StartStopStep]:
    class Watching(bootsteps.StartStopStep):  # type: ignore[misc]
        """Tells the watch of each connection to Redis."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, parent: Any) -> None:
            watch.connected(parent)

        def stop(self, _parent: Any) -> None:
            watch.disconnected()

    return Watching


def _connect(settings: WorkerSettings, runtime: ProcessRuntime, watch: Watch) -> None:
    """Tie the start and the end of processes to Celery's signals; each handler lives as long as the application."""

    def set_up_logging(**_: Any) -> None:
        configure_logging(settings.log, service="worker")

    def check_surroundings(**_: Any) -> None:
        try:
            runtime.load_models()
            await_redis(settings.redis, seconds=settings.startup.seconds)
            await_postgres(settings.database, seconds=settings.startup.seconds)
            runtime()
        except (StartupError, ModelFilesError, StorageError) as error:
            sys.exit(f"The worker cannot start: {error}")
        finally:
            runtime.close()
        hold_little()

    def open_runtime(**_: Any) -> None:
        runtime()

    def close_runtime(**_: Any) -> None:
        runtime.close()

    def closing(**_: Any) -> None:
        watch.closing()

    def stop_watch(**_: Any) -> None:
        watch.stop()

    signals.setup_logging.connect(set_up_logging, weak=False)
    signals.worker_init.connect(check_surroundings, weak=False)
    signals.worker_process_init.connect(open_runtime, weak=False)
    signals.worker_process_shutdown.connect(close_runtime, weak=False)
    signals.worker_shutting_down.connect(closing, weak=False)
    signals.worker_shutdown.connect(stop_watch, weak=False)
