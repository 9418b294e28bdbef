"""Service times as `service_times.yaml` holds them: measured by the product's own benchmarks, and drawn from here."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accunode_infra.errors import RefusedError
from accunode_infra.simulation.queueing import Vector
from accunode_infra.simulation.reading import why

QUANTILES = 21
"""How many a distribution is kept as: from the least to the most, 5 % apart."""
_PLACES = np.linspace(0, 1, QUANTILES)

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Quantiles = Annotated[tuple[Seconds, ...], Field(min_length=QUANTILES, max_length=QUANTILES)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Operation(_Model):
    """A request of the API.

    Attributes:
        service: Who answers it.
        processor: Seconds of processor time of the service's process.
        database: Seconds of processor time of PostgreSQL.
        wall: Quantiles of the time that one caller waits, in seconds.
        threads: Whether the work is done in threads beside the event loop: how many passwords are hashed at once is a
            setting of the service.
    """

    service: str
    processor: Seconds
    database: Seconds
    wall: Quantiles
    threads: bool = False

    @cached_property
    def mean(self) -> float:
        """The mean of the wall times, in seconds."""
        return float(np.mean(self.wall))

    @property
    def elsewhere(self) -> float:
        """Seconds of an undisturbed request in which its process has nothing to do: the database's, mostly."""
        return max(0.0, self.mean - self.processor)


class TaskTimes(_Model):
    """A task of the workers for one number of rows: quantiles of its duration in seconds."""

    rows: int = Field(ge=0)
    seconds: Quantiles


class Task(_Model):
    """A task of the workers.

    Attributes:
        processor: The share of its duration in which its process computes.
        database: Seconds of PostgreSQL's processor time for each second of it.
        sizes: Its durations by rows, ascending.
    """

    processor: float = Field(ge=0, le=1)
    database: Seconds
    sizes: tuple[TaskTimes, ...] = Field(min_length=1)


class ServiceTimes(_Model):
    """What was measured, on what, when and how."""

    measured: Mapping[str, Any]
    operations: Mapping[str, Operation]
    tasks: Mapping[str, Task]

    def operation(self, name: str) -> Operation:
        """The operation of that name. Raises RefusedError when it was not measured."""
        if name not in self.operations:
            raise RefusedError(
                f"There are no service times of {name!r}; there are those of {', '.join(self.operations)}."
            )
        return self.operations[name]

    def task(self, name: str) -> Task:
        """The task of that name. Raises RefusedError when it was not measured."""
        if name not in self.tasks:
            raise RefusedError(f"There are no service times of the task {name!r}; there are {', '.join(self.tasks)}.")
        return self.tasks[name]


def load_times(path: Path | None = None) -> ServiceTimes:
    """The service times of a file, or those that ship with the package.

    Raises:
        RefusedError: The file is not readable, or does not hold service times.
    """
    try:
        text = (path or files(__package__).joinpath("service_times.yaml")).read_text()
        return ServiceTimes.model_validate(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise RefusedError(f"{path or 'service_times.yaml'} holds no service times: {why(error)}") from None


def as_quantiles(values: Vector) -> tuple[float, ...]:
    """A sample as it is kept."""
    return tuple(round(float(value), 6) for value in np.quantile(values, _PLACES))


def draw(quantiles: tuple[float, ...], count: int, random: np.random.Generator) -> Vector:
    """So many values of a distribution."""
    return np.interp(random.random(count), _PLACES, quantiles)


def draw_processor(operation: Operation, count: int, random: np.random.Generator) -> Vector:
    """Seconds of processor time of so many requests: of the mean measured, spread as the wall times are."""
    return draw(operation.wall, count, random) * (operation.processor / operation.mean if operation.mean else 0.0)


def draw_task(task: Task, rows: int, random: np.random.Generator) -> float:
    """The duration of one task, in seconds: between the same quantiles of the two sizes next to `rows`."""
    place = random.random() * (QUANTILES - 1)
    below = min(int(place), QUANTILES - 2)

    def quantile(size: TaskTimes) -> float:
        return size.seconds[below] + (place - below) * (size.seconds[below + 1] - size.seconds[below])

    if len(task.sizes) == 1:
        return quantile(task.sizes[0])
    after = min(max(bisect_right([size.rows for size in task.sizes], rows), 1), len(task.sizes) - 1)
    smaller, larger = task.sizes[after - 1], task.sizes[after]
    share = (rows - smaller.rows) / (larger.rows - smaller.rows)
    return max(0.0, quantile(smaller) + share * (quantile(larger) - quantile(smaller)))
