"""Deployment records: what was released by whom, when, how long each step took, and how it ended."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

from accunode_infra.aws import parameter
from accunode_infra.release.site import Site

LARGEST = 4096
"""Bytes of a standard parameter."""
MOST = 10
LONGEST_REASON = 300


class Outcome(StrEnum):
    """How a release ended."""

    RUNNING = "running"
    DEPLOYED = "deployed"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled back"


@dataclass
class Record:
    """One release of one service.

    Attributes:
        id: Unique; what a release starts in ECS bears it.
        kind: `deploy` or `rollback`.
        who: The AWS identity.
        commit: The tag of the image, where it is known.
        image: The image by digest.
        before: The image that served before.
        started: ISO 8601.
        steps: When each finished step ended, ISO 8601, in order; forgotten once the release has ended.
        seconds: How long each took.
        outcome: How it ended.
        reason: Why it was withdrawn.
        despite: Alarms that fired before it began, and are not held against it.
    """

    kind: str
    who: str
    commit: str
    image: str
    before: str
    started: str
    id: str = field(default_factory=lambda: uuid4().hex[:12])
    steps: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    outcome: Outcome = Outcome.RUNNING
    reason: str = ""
    despite: list[str] = field(default_factory=list)

    def finish(self, step: str, now: datetime, seconds: float) -> None:
        """Note that a step is done."""
        self.steps[step] = now.isoformat(timespec="seconds")
        self.seconds[step] = round(self.seconds.get(step, 0.0) + seconds, 1)

    def end(self, outcome: Outcome, reason: str = "") -> None:
        """Note how the release ended."""
        self.outcome, self.reason, self.steps = outcome, reason[:LONGEST_REASON], {}

    def finished(self, step: str) -> datetime | None:
        """When a step was done; None when it was not."""
        return datetime.fromisoformat(self.steps[step]) if step in self.steps else None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """From its stored form."""
        return cls(**stored | {"outcome": Outcome(stored["outcome"])})


class Records:
    """The newest records of a service, newest first, in one parameter."""

    def __init__(self, site: Site, service: str) -> None:
        self._site = site
        self._ssm: Any = site.client("ssm")
        self._name = site.parameter_name("deployments", service)

    def read(self) -> list[Record]:
        """All that are kept; none before the first release."""
        found = parameter(self._site.session, self._name)
        return [] if found is None else [Record.of(each) for each in json.loads(found["Value"])]

    def newest(self) -> Record | None:
        """The newest, if any."""
        return next(iter(self.read()), None)

    def save(self, record: Record) -> None:
        """Keep a record, in place of its earlier form; the oldest give way when the parameter is full."""
        kept = [record, *(each for each in self.read() if each.id != record.id)][:MOST]
        while len(text := _text(kept)) > LARGEST and len(kept) > 1:
            kept.pop()
        self._ssm.put_parameter(Name=self._name, Value=text, Type="String", Overwrite=True)


def _text(records: list[Record]) -> str:
    return json.dumps([asdict(each) for each in records], separators=(",", ":"), ensure_ascii=True)
