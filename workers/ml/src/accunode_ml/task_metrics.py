"""What a worker has ended, once a minute, as log lines that CloudWatch reads."""

from accunode_common import emf
from accunode_common.emf import Dimension, Metric, MetricsScope, Minutes, Unit, line
from accunode_common.tasks.messages import Queue
from accunode_ml.task_counts import Ended, TaskCounts


class TaskMetrics:
    """Publishes what a worker counts.

    Args:
        counts: Where it counts; with each task.
        scope: Whose metrics they are, and which; None publishes nothing.
    """

    def __init__(self, counts: TaskCounts, scope: MetricsScope | None) -> None:
        self._counts = counts
        self._scope = scope
        self._minutes = Minutes()

    def publish_if_due(self) -> None:
        """Print the lines of the minute that has ended, if one has; called every few seconds."""
        if self._scope is not None and self._minutes.turned():
            self.publish()

    def publish(self) -> None:
        """Print the lines of what was not published yet."""
        if self._scope is not None:
            emf.write(metric_lines(self._counts.take_each(), self._scope))


def metric_lines(ended: dict[str, list[Ended]], scope: MetricsScope) -> list[str]:
    """A line for each queue; one of which nothing ended has zeros and no times. The essential is of all together."""
    if scope.essential:
        every = [task for tasks in ended.values() for task in tasks]
        return [line(scope.environment, [_failed(every), _waited(every)])]
    return [
        line(scope.environment, _metrics(ended.get(queue.value, [])), dimensions={Dimension.QUEUE: queue.value})
        for queue in Queue
    ]


def _metrics(tasks: list[Ended]) -> list[Metric]:
    return [
        Metric("TasksFinished", sum(task.finished for task in tasks)),
        _failed(tasks),
        _waited(tasks),
        Metric("TaskRunSeconds", [round(task.ran_seconds, 3) for task in tasks], Unit.SECONDS),
    ]


def _failed(tasks: list[Ended]) -> Metric:
    return Metric("TasksFailed", sum(task.failed for task in tasks))


def _waited(tasks: list[Ended]) -> Metric:
    return Metric("TaskWaitSeconds", [round(task.waited_seconds, 3) for task in tasks], Unit.SECONDS)
