"""What the relay measured, as log lines that CloudWatch reads."""

from accunode_common.emf import Dimension, Metric, MetricsScope, Unit, line
from accunode_ml.relay.sampling import Sample


def metric_lines(sample: Sample, scope: MetricsScope) -> list[str]:
    """The lines of one sample: everything together, and each queue for itself unless only the essential is wanted."""
    at = sample.minute.timestamp()
    ended = sample.ended().values()
    together = [
        Metric("QueueLength", sample.queue_length),
        Metric("QueueOldestSeconds", max(map(_seconds, sample.oldest_seconds.values()), default=0), Unit.SECONDS),
        Metric("OutboxLength", sample.outbox_length),
        Metric("WorkersAlive", sample.workers_alive),
        Metric("WorkersBusy", sample.workers_busy),
        Metric("TasksPerMinute", sum(each.finished + each.failed for each in ended)),
    ]
    lines = [line(scope.environment, together, at=at)]
    if scope.essential:
        return lines
    for queue, waiting in sample.waiting.items():
        oldest = _seconds(sample.oldest_seconds.get(queue))
        alone = [Metric("QueueLength", waiting), Metric("QueueOldestSeconds", oldest, Unit.SECONDS)]
        lines.append(line(scope.environment, alone, dimensions={Dimension.QUEUE: queue}, at=at))
    return lines


def _seconds(oldest: float | None) -> float:
    """Nothing that waits has waited for no time."""
    return oldest or 0.0
