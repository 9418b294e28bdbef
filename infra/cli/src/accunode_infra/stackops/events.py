"""A stack's events: read once, and explained when something failed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accunode_infra.aws import Session, explained

STACK = "AWS::CloudFormation::Stack"
CANCELLED = ("creation cancelled", "update cancelled", "creation Cancelled", "update Cancelled")


@dataclass(frozen=True)
class Event:
    """Something that happened to a resource of a stack, or to the stack itself (`type` is STACK)."""

    id: str
    at: datetime
    stack: str
    name: str
    type: str
    status: str
    reason: str
    physical_id: str

    @property
    def is_of_the_stack(self) -> bool:
        """Whether it is about the stack as a whole."""
        return self.type == STACK and self.name == self.stack

    @property
    def failed(self) -> bool:
        """Whether it tells a failure that is a cause, and no consequence of another."""
        return self.status.endswith("_FAILED") and not any(words in self.reason for words in CANCELLED)


def events(session: Session, stack: str, *, until: str | None = None) -> list[Event]:
    """A stack's events, oldest first, those after the event `until` only."""
    found = []
    pages = session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    with explained():
        for event in _read(pages):
            if event.id == until:
                break
            found.append(event)
    return found[::-1]


def _read(pages: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    for page in pages:
        for found in page["StackEvents"]:
            yield Event(
                id=str(found["EventId"]),
                at=found["Timestamp"],
                stack=found["StackName"],
                name=found.get("LogicalResourceId", ""),
                type=found.get("ResourceType", ""),
                status=found.get("ResourceStatus", ""),
                reason=found.get("ResourceStatusReason", ""),
                physical_id=found.get("PhysicalResourceId", ""),
            )


def root_cause(found: Iterable[Event]) -> Event | None:
    """The first failure among events that are oldest first: the rest follows from it."""
    failures = [event for event in found if event.failed]
    of_resources = [event for event in failures if not event.is_of_the_stack]
    return next(iter(of_resources or failures), None)


def last_attempt(found: list[Event]) -> list[Event]:
    """The events since the stack was last begun to be created, updated or deleted."""
    begins = [
        index
        for index, event in enumerate(found)
        if event.is_of_the_stack and event.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
    ]
    return found[begins[-1] :] if begins else found
