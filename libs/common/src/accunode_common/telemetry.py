"""Metrics of one application, for Prometheus.

Each application has its own registry, so two can live in one process.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; 0.2 is the response-time target."""

SYSTEM_PATHS = frozenset({"/health", "/ready", "/metrics"})
"""What machines ask every few seconds; no caller's request."""


class HttpMetrics:
    """Requests counted and timed by method and route template, never by raw path."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
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
            "accunode_http_requests_in_flight", "Requests being answered.", ("service",), registry=self.registry
        ).labels(service)
        pool = ("accunode_database_pool_in_use", "Connections to PostgreSQL in use.")
        overflow = ("accunode_database_pool_overflow", "Open connections to PostgreSQL beyond the pool's size.")
        self._pool = [Gauge(*named, ("service",), registry=self.registry).labels(service) for named in (pool, overflow)]

    def show_pool(self, in_use: int, overflow: int) -> None:
        """Have the next rendering show these connections of the pool."""
        for gauge, value in zip(self._pool, (in_use, overflow), strict=True):
            gauge.set(value)

    def started(self) -> None:
        """A request has begun."""
        self._in_flight.inc()

    def finished(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """A request has ended with `status` after `seconds`."""
        self._in_flight.dec()
        self._requests.labels(self._service, method, route, str(status)).inc()
        self._seconds.labels(self._service, method, route).observe(seconds)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
