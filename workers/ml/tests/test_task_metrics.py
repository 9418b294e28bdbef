"""What a worker prints of the tasks that have ended."""

from accunode_common.emf import MetricsScope
from accunode_common.tasks.messages import Queue
from accunode_common.testing.emf import checked
from accunode_ml.task_counts import Ended
from accunode_ml.task_metrics import metric_lines

WELL = Ended(finished=1, failed=0, waited_seconds=2.0, ran_seconds=1.0)
BADLY = Ended(finished=0, failed=1, waited_seconds=0.5, ran_seconds=3.0)
ENDED = {Queue.BULK.value: [WELL, BADLY], Queue.INTERACTIVE.value: [BADLY]}


def test_each_queue_has_a_line_and_one_of_which_nothing_ended_has_zeros() -> None:
    lines = {line["Queue"]: line for line in map(checked, metric_lines(ENDED, MetricsScope("production")))}
    assert set(lines) == {queue.value for queue in Queue}
    assert (lines["bulk"]["TasksFinished"], lines["bulk"]["TasksFailed"]) == (1, 1)
    assert (lines["maintenance"]["TasksFinished"], "TaskWaitSeconds" in lines["maintenance"]) == (0, False)


def test_the_essential_line_is_of_all_queues_together() -> None:
    (line,) = map(checked, metric_lines(ENDED, MetricsScope("production", essential=True)))
    assert "Queue" not in line
    assert line["TasksFailed"] == 2
    assert line["TaskWaitSeconds"] == [2.0, 0.5, 0.5]
