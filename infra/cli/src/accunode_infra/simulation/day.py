"""The day that is replayed: who works when, what they ask for, and which files come."""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from accunode_infra.errors import RefusedError
from accunode_infra.simulation.reading import why

HOUR = 3600.0
DAY = 24 * HOUR

Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[tuple[float, ...], Field(min_length=24, max_length=24)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Users(_Model):
    """People at work.

    Attributes:
        concurrent: How many work at once in the busiest hour.
        by_hour: How many work in each hour, as a share of that.
        think_seconds: How long they look at an answer, on average, before they ask again.
        sign_ins: Which share of those who work sign in, in each hour.
    """

    concurrent: int = Field(ge=1, le=1_000_000)
    by_hour: Hours
    think_seconds: float = Field(gt=0)
    sign_ins: Hours


class Files(_Model):
    """Small files that people upload and wait for.

    Attributes:
        per_user_hour: How many a person uploads in an hour of work.
        rows: How many rows they have: each number as often as it is named.
        tenants: Over how many tenants the people are spread.
    """

    per_user_hour: float = Field(ge=0)
    rows: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    tenants: int = Field(ge=1)


class Spike(_Model):
    """Files that come at once.

    Attributes:
        at: When, as 09:30.
        within_seconds: Over how long they are spread.
        files: How many, each of another tenant when there are enough of them.
        rows: Rows of each.
    """

    at: Clock
    within_seconds: float = Field(default=30, gt=0)
    files: int = Field(ge=1)
    rows: int = Field(ge=1, le=1_048_576)

    @property
    def seconds(self) -> float:
        """When, in seconds from midnight."""
        return _seconds(self.at)


class Round(_Model):
    """Work that the product does by itself, a task for each tenant."""

    at: Clock
    task: str

    @property
    def seconds(self) -> float:
        """When, in seconds from midnight."""
        return _seconds(self.at)


class Day(_Model):
    """A day.

    Attributes:
        name: What it is.
        users: People at work.
        weekdays: How much of it happens on a day of the week, as a share.
        requests: What people ask for: the share of each operation.
        files: Small files.
        spikes: Bulk uploads.
        rounds: Nightly work.
    """

    name: str
    users: Users
    weekdays: Mapping[Weekday, Share]
    requests: Mapping[str, Share]
    files: Files
    spikes: tuple[Spike, ...] = ()
    rounds: tuple[Round, ...] = ()

    @model_validator(mode="after")
    def _shares_are_whole(self) -> "Day":
        if abs(sum(self.requests.values()) - 1) > 1e-6:
            raise ValueError(f"the shares of requests sum to {sum(self.requests.values()):g} instead of 1")
        return self

    def users_at(self, seconds: float, weekday: Weekday) -> float:
        """How many work at a time of the day; from the middle of an hour to the next in proportion."""
        return self.users.concurrent * self.weekdays.get(weekday, 0.0) * _between(self.users.by_hour, seconds)

    def sign_ins_at(self, seconds: float, weekday: Weekday) -> float:
        """Sign-ins in a second."""
        return self.users_at(seconds, weekday) * _between(self.users.sign_ins, seconds) / HOUR

    def with_users(self, concurrent: int) -> "Day":
        """The same day with more or fewer people, who upload as much each; bulk uploads stay."""
        return self.model_copy(update={"users": self.users.model_copy(update={"concurrent": concurrent})})


def load_day(path: Path | None = None) -> Day:
    """The day of a file, or the one that ships with the package.

    Raises:
        RefusedError: The file is not readable, or does not hold a day.
    """
    try:
        text = (path or files(__package__).joinpath("day.yaml")).read_text()
        return Day.model_validate(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise RefusedError(f"{path or 'day.yaml'} does not hold a day: {why(error)}") from None


def _between(hours: tuple[float, ...], seconds: float) -> float:
    place = (seconds / HOUR - 0.5) % 24
    share = place % 1
    return hours[int(place)] * (1 - share) + hours[(int(place) + 1) % 24] * share


def _seconds(clock: str) -> float:
    hours, minutes = clock.split(":")
    return int(hours) * HOUR + int(minutes) * 60.0
