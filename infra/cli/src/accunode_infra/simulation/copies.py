"""The API's copies and the instances under them: launched, started, taken away.

A service's copies stand on different instances, and the instances that stand longest are filled first. So the n-th
copies of all services share the n-th instance, and there are as many instances as the service with the most copies has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from accunode_infra.simulation.control import Control
from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.shape import Instances, ServiceShape


@dataclass(slots=True, eq=False)
class Node:
    """An instance of the API.

    Attributes:
        launched: When it was asked for, in seconds; it is paid for from then on.
        ready: When copies can start on it.
        credits: Its CPU credits.
        empty_since: Since when no copy needs it, None while one does.
        ended: When it was given back, None while it stands.
    """

    launched: float
    ready: float
    credits: Credits
    empty_since: float | None = None
    ended: float | None = None


@dataclass(slots=True)
class Copies:
    """The copies of one service: those that answer, and when the others will."""

    control: Control
    shape: ServiceShape
    running: int
    starting: list[float] = field(default_factory=list)

    @property
    def desired(self) -> int:
        """How many there should be."""
        return self.running + len(self.starting)


class ApiFleet:
    """All copies of all services, and the instances that they run on.

    Attributes:
        services: The copies of each service.
        nodes: Every instance that has been, in the order of launch.
        short: When, in seconds, a copy was wanted that no instance could take.
    """

    def __init__(
        self,
        services: Mapping[str, ServiceShape],
        instances: Instances,
        *,
        new_credits: Callable[[], Credits],
        boot: Callable[[], float],
        start: Callable[[], float],
        release: Callable[[], float],
    ) -> None:
        self._instances = instances
        self._new_credits = new_credits
        self._boot, self._start, self._release = boot, start, release
        self.services = {
            name: Copies(Control(name, shape.policy), shape, shape.policy.minimum) for name, shape in services.items()
        }
        self.nodes = [Node(0.0, 0.0, new_credits()) for _ in range(max(instances.minimum, self._wanted()))]
        self.short: list[float] = []

    @property
    def standing(self) -> list[Node]:
        """The instances that are paid for now."""
        return [node for node in self.nodes if node.ended is None]

    def _wanted(self) -> int:
        return max(copies.desired for copies in self.services.values())

    def begin_minute(self, now: float) -> None:
        """Copies that have started answer from now on."""
        for copies in self.services.values():
            copies.running += sum(at <= now for at in copies.starting)
            copies.starting = [at for at in copies.starting if at > now]

    def scale(self, now: float, name: str, capacity: int) -> None:
        """Have so many copies of a service."""
        copies = self.services[name]
        for _ in range(copies.desired - capacity):
            if copies.starting:
                copies.starting.pop()
            else:
                copies.running -= 1
        for _ in range(capacity - copies.desired):
            if copies.desired >= self._instances.maximum:
                self.short.append(now)
                break
            copies.starting.append(self._place(now, copies.desired) + self._start())

    def _place(self, now: float, index: int) -> float:
        """From when the instance with this index takes a copy."""
        standing = self.standing
        if index < len(standing):
            standing[index].empty_since = None
            return max(now, standing[index].ready)
        node = Node(now, now + self._boot(), self._new_credits())
        self.nodes.append(node)
        return node.ready

    def end_minute(self, now: float, used: Mapping[str, float]) -> float:
        """Settle the credits of a minute in which each service used so many vCPU-seconds, and give instances back.

        Returns the share of the busiest instance's processors that was in use.
        """
        busiest = 0.0
        keep = max(self._instances.minimum, self._wanted())
        for index, node in enumerate(self.standing):
            seconds = sum(
                used[name] / copies.running for name, copies in self.services.items() if index < copies.running
            )
            node.credits.pass_time(seconds / 60, 1)
            busiest = max(busiest, seconds / 60 / node.credits.vcpus)
            if index < keep:
                node.empty_since = None
            elif node.empty_since is None:
                node.empty_since = now + self._release()
            elif now >= node.empty_since:
                node.ended = now
                node.credits.end()
        return busiest

    def speed(self, index: int, demand: float) -> float:
        """How much of its work in a minute the instance with this index gets done, as a share, when it has `demand`."""
        standing = self.standing
        return min(1.0, standing[index].credits.usable / demand) if demand > 0 and index < len(standing) else 1.0
