"""Metrics of one application, for Prometheus.

Each application has its own registry, so two can live in one process. Where several processes answer for one
application, they keep their figures in files of a folder, and whichever is asked tells those of all.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; 0.2 is the response-time target."""

SYSTEM_PATHS = frozenset({"/health", "/ready", "/metrics"})
"""What machines ask every few seconds; no caller's request."""


class HttpMetrics:
    """Requests counted and timed by method and route template, never by raw path.

    Args:
        service: Whose they are.
        shared: The folder of the figures that several processes share, as prometheus_client knows it too.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service: str, *, shared: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._shared = shared
        # Methods, routes and statuses are few; finding their series by labels takes longer than counting.
        self._series = cache(self._series_of)
        self._requests = Counter(
            "accunode_http_requests_total",
            "Requests answered.",
            ("service", "method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "accunode_http_request_seconds",
            "Time from the request's first byte to the reply's last.",
            ("service", "method", "route"),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "accunode_http_requests_in_flight",
            "Requests being answered.",
            ("service",),
            registry=self.registry,
            multiprocess_mode="livesum",
        ).labels(service)
        pool = ("accunode_database_pool_in_use", "Connections to PostgreSQL in use.")
        overflow = ("accunode_database_pool_overflow", "Open connections to PostgreSQL beyond the pool's size.")
        self._pool = [
            Gauge(*named, ("service",), registry=self.registry, multiprocess_mode="livesum").labels(service)
            for named in (pool, overflow)
        ]
        self._pool_use: Callable[[], tuple[int, int]] | None = None

    def watch(self, pool_use: Callable[[], tuple[int, int]]) -> None:
        """Show the connections of a pool: how many are in use, and how many are open beyond its size."""
        self._pool_use = pool_use

    def _show_pool(self) -> None:
        if self._pool_use is not None:
            for gauge, value in zip(self._pool, self._pool_use(), strict=True):
                gauge.set(value)

    def started(self) -> None:
        """A request has begun."""
        self._in_flight.inc()

    def finished(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """A request has ended with `status` after `seconds`."""
        self._in_flight.dec()
        count, times = self._series(method, route, status)
        count.inc()
        times.observe(seconds)
        if self._shared is not None:
            # Another process may be asked next.
            self._show_pool()

    def _series_of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        count = self._requests.labels(self._service, method, route, str(status))
        return count, self._seconds.labels(self._service, method, route)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format, of all processes that share them."""
        self._show_pool()
        if self._shared is None:
            return generate_latest(self.registry)
        for process in _gone(self._shared):
            mark_process_dead(process, str(self._shared))  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        registry.register(_Shared(self._shared, self._service))
        return generate_latest(registry)


class _Shared:
    """The figures of one application in a folder: those of all its processes, gone ones among them."""

    def __init__(self, folder: Path, service: str) -> None:
        self._folder = folder
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Every metric that has a figure of the application."""
        every = MultiProcessCollector(None, str(self._folder))  # type: ignore[no-untyped-call]
        metrics: Iterable[Metric] = every.collect()  # type: ignore[no-untyped-call]
        for metric in metrics:
            metric.samples = [sample for sample in metric.samples if sample.labels.get("service") == self._service]
            if metric.samples:
                yield metric


def _gone(folder: Path) -> set[int]:
    """Processes that ended and left what they held at that moment."""
    there = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}
    return {process for process in there if not _runs(process)}


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It is somebody else's.
        return True
    return True
