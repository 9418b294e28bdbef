"""The database's processors, which requests and tasks share: whoever comes when they are busy takes longer."""

from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.queueing import mean_wait

MOST = 0.98
"""The share of its processors that is reckoned with at most: nearer to all of it answers take for ever."""


class Database:
    """PostgreSQL on its instance.

    Attributes:
        credits: The instance's CPU credits.
        busy: The share of its processors that was in use, a minute ago.
    """

    def __init__(self, account: Credits) -> None:
        self.credits = account
        self.busy = 0.0
        self._requests = 0.0

    def pass_minute(self, requests: float, tasks: float) -> None:
        """A minute goes by in which requests and tasks used so many processor seconds."""
        self._requests = requests / 60
        used = min((requests + tasks) / 60, float(self.credits.vcpus))
        self.busy = used / self.credits.vcpus
        self.credits.pass_time(used, 1)

    def task_slowness(self, tasks: int, wanted: float) -> float:
        """How many times as long the database's part of a task takes.

        Args:
            tasks: How many run.
            wanted: The processors that they would use if nobody was in their way. They get no more than the requests
                leave: of n tasks that want b of the database each, n b / (1 - b + b s) processors are used when each
                takes s times as long there, and s is what makes that all there is.
        """
        if not tasks or not wanted:
            return 1.0
        share = wanted / tasks
        left = max(MOST * self.credits.vcpus - self._requests, (1 - MOST) * self.credits.vcpus)
        return max(1.0, (wanted / left - (1 - share)) / share)

    def request_slowness(self, tasks: int, wanted: float) -> float:
        """The same for requests, which also wait for each other (M/M/c)."""
        load = min(self._requests, MOST * self.credits.vcpus)
        return self.task_slowness(tasks, wanted) * (1 + mean_wait(self.credits.vcpus, load, 1.0))
