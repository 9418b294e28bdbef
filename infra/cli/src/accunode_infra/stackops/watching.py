"""Watches stacks that CloudFormation works on, several at once, and says what happens in the templates' own words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from accunode_infra.aws import Session
from accunode_infra.errors import FailedError
from accunode_infra.stackops.events import Event, events, last_attempt, root_cause
from accunode_infra.stackops.standing import NEVER_CREATED, Standing, standing
from accunode_infra.templates import Template
from accunode_infra.waiting import until

ENDED_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})


@dataclass
class Watch:
    """A stack that is being worked on.

    Attributes:
        id: Its id: a stack that is deleted is found by nothing else.
        descriptions: What each resource is, by logical name.
        seen: The id of the newest event that was told.
        begun: Whether CloudFormation has begun: until then the stack still shows how its last change ended.
    """

    name: str
    id: str
    descriptions: Mapping[str, str] = field(default_factory=dict)
    seen: str | None = None
    begun: bool = False


def descriptions(template: Template) -> dict[str, str]:
    """The sentences under `Metadata: Description` of a template's resources, by logical name."""
    found = {name: body.get("Metadata", {}).get("Description") for name, body in template["Resources"].items()}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def start_watching(session: Session, stack: Standing, template: Template | None = None) -> Watch:
    """Watch from here on: what has happened until now is not told."""
    past = events(session, stack.id)
    return Watch(stack.name, stack.id, descriptions(template) if template else {}, past[-1].id if past else None)


def look(session: Session, watch: Watch, say: Callable[[str], None]) -> Standing | None:
    """Tell what has happened since the last look; returns how the stack stands when it is over.

    Raises:
        FailedError: It did not end well; says why.
    """
    # The status first: what happens between the two is told now, and judged at the next look.
    now = standing(session, watch.id)
    for event in events(session, watch.id, until=watch.seen):
        watch.seen = event.id
        watch.begun = watch.begun or event.is_of_the_stack
        say(told(event, watch.descriptions))
    if now is None:
        return Standing(watch.name, watch.id, "DELETE_COMPLETE")
    if not watch.begun or now.in_progress or now.status in NEVER_CREATED:
        return None
    if now.status not in ENDED_WELL:
        raise FailedError(failure(session, now))
    return now


def wait(session: Session, watch: Watch, say: Callable[[str], None]) -> Standing:
    """Tell what happens until it is over.

    Raises:
        FailedError: It did not end well; says why.
    """
    return until(lambda: look(session, watch, say), every=session.poll_seconds)


def told(event: Event, described: Mapping[str, str]) -> str:
    """An event as a line: when, where, what, how it went and why."""
    what = described.get(event.name, event.type)
    reason = f": {event.reason}" if event.reason else ""
    return f"{event.at:%H:%M:%S}  {event.stack}  {event.name} ({what})  {event.status}{reason}"


def failure(session: Session, stack: Standing) -> str:
    """Why a stack is in the state it is in, and what to do, in one sentence."""
    cause = root_cause(last_attempt(events(session, stack.id)))
    why = f"{cause.name} ({cause.type}): {cause.reason.rstrip('.')}" if cause else stack.reason or "no reason was given"
    match stack.status:
        case "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED":
            what, then = "created", "mend that and deploy again: it offers to delete the remains first"
        case "UPDATE_ROLLBACK_COMPLETE":
            what, then = "updated", "everything is as it was before; mend that and deploy again"
        case "DELETE_FAILED":
            what, then = "deleted", "mend that and destroy again"
        case _:
            what, then = "changed", f"the stack is {stack.status}, and `accunode-infra events` shows the rest"
    return f"{stack.name} was not {what}: {why}; {then}."
