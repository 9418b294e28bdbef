"""What only AWS knows, as `platform.yaml` assumes it: each value with its mark and its reason."""

from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Generic, Literal, TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from accunode_infra.simulation.workers import Launching

Value = TypeVar("Value")
Span = tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Assumed(_Model, Generic[Value]):
    """A value that was not read from the product.

    Attributes:
        value: What is reckoned with.
        mark: How far it can be trusted.
        why: Where it comes from.
    """

    value: Value
    mark: Literal["measured", "found", "memory"]
    why: str


class Delays(_Model):
    """How long things take, in seconds: the least, the likeliest, the longest."""

    provisioning: Assumed[Span]
    boot: Assumed[Span]
    pull: Assumed[Span]
    start_service: Assumed[Span]
    start_worker: Assumed[Span]
    release: Assumed[Span]


class Platform(_Model):
    """Every assumption."""

    delays: Delays
    credits_at_midnight: Assumed[float]
    slower_than_measured: Assumed[Annotated[float, Field(gt=0)]]
    bytes_per_row: Assumed[float]

    def worker_launching(self, random: np.random.Generator) -> Launching:
        """How long the workers' instances take to come and go."""
        delays = self.delays
        return Launching(
            instance=drawn(random, delays.provisioning, delays.boot, delays.pull),
            worker=drawn(random, delays.start_worker),
            release=drawn(random, delays.release),
        )


def drawn(random: np.random.Generator, *delays: Assumed[Span]) -> Callable[[], float]:
    """Draws the sum of delays."""
    return lambda: sum(float(random.triangular(*delay.value)) for delay in delays)


def load_platform() -> Platform:
    """The assumptions that ship with the package."""
    return Platform.model_validate(yaml.safe_load(files(__package__).joinpath("platform.yaml").read_text()))
