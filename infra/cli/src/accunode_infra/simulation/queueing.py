"""First-come-first-served servers by Lindley's recursion: every customer of a stretch of time, without an event each.

A process that answers requests one after another is one server; several behind a load balancer that hands requests
out in turn are several such servers, not one with several places.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Stretch(NamedTuple):
    """What happened at one server: each customer's wait, and the work left at the end, in seconds."""

    waits: Vector
    backlog: float


def serve(arrivals: Vector, services: Vector, backlog: float, length: float) -> Stretch:
    """Serve the customers of a stretch of time at one server, in the order of their arrival.

    Args:
        arrivals: When each comes, in seconds from the stretch's begin, ascending.
        services: The work that each brings, in seconds.
        backlog: The work that was left before, in seconds.
        length: How long the stretch is, in seconds.
    """
    if not len(arrivals):
        return Stretch(np.empty(0), max(0.0, backlog - length))
    steps = np.concatenate(([backlog], services[:-1])) - np.diff(arrivals, prepend=0.0)
    walk = np.cumsum(steps)
    waits = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
    left = waits[-1] + services[-1] - (length - arrivals[-1])
    return Stretch(waits, max(0.0, float(left)))


def serve_in_turn(arrivals: Vector, services: Vector, backlogs: list[float], length: float, first: int = 0) -> Vector:
    """Hand customers out to servers in turn, beginning with server `first`; each customer's wait.

    `backlogs` holds each server's work left, and is brought up to date.
    """
    waits = np.empty(len(arrivals))
    servers = len(backlogs)
    for number in range(servers):
        own = slice((number - first) % servers, None, servers)
        waits[own], backlogs[number] = serve(arrivals[own], services[own], backlogs[number], length)
    return waits


def erlang_c(servers: int, load: float) -> float:
    """The probability that a customer of an M/M/c queue waits (Erlang's C formula); `load` in Erlangs, below `servers`.

    Raises:
        ValueError: The load is not below the number of servers.
    """
    if not 0 <= load < servers:
        raise ValueError(f"{load:g} Erlangs have no steady state with {servers} servers")
    # Erlang B by its recursion, which overflows nowhere.
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return servers * blocked / (servers - load * (1 - blocked))


def mean_wait(servers: int, load: float, service: float) -> float:
    """The mean wait in an M/M/c queue, in the unit of the mean `service` time."""
    return erlang_c(servers, load) * service / (servers - load)


def crowding(others: Vector, processors: int) -> float:
    """How much longer work takes at a machine, on average, that others use as well.

    Args:
        others: The share of the time that each other process works.
        processors: How many processes work at once without slowing each other.
    """
    if len(others) < processors:
        return 1.0
    working = np.ones(1)
    for share in np.clip(others, 0.0, 1.0):
        working = np.convolve(working, [1 - share, share])
    slower = np.maximum(1.0, (1 + np.arange(len(working))) / processors)
    return float(working @ slower)
