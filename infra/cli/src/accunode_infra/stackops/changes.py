"""Change sets: made, waited for, read to the single property, executed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from accunode_infra.aws import Session, code_of, explained, message_of
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.stackops.standing import Standing
from accunode_infra.templates import Template
from accunode_infra.waiting import until

LARGEST_BODY = 51_200
"""Bytes of a template that CloudFormation takes in a call."""

NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class PropertyChange:
    """A property's path such as `/Properties/DBInstanceClass`, its value before and after; None where it has none."""

    path: str
    before: Any = None
    after: Any = None
    recreates: bool = False


@dataclass(frozen=True)
class ResourceChange:
    """What happens to a resource.

    Attributes:
        action: `Add`, `Modify`, `Remove`, `Import` or `Dynamic`.
        replacement: `True`, `False`, or `Conditional` when AWS only knows while it happens.
        properties: What changes in it; empty when CloudFormation does not say.
    """

    action: str
    name: str
    type: str
    replacement: str = "False"
    properties: tuple[PropertyChange, ...] = ()

    @property
    def replaces(self) -> bool:
        """Whether the resource is made anew, or may be, and its contents lost with the old one."""
        return self.action == "Modify" and self.replacement in {"True", "Conditional"}


@dataclass(frozen=True)
class ChangeSet:
    """A change set that is ready. `id` is None when nothing would change."""

    stack: str
    creates: bool
    id: str | None
    changes: tuple[ResourceChange, ...] = ()


def create(
    session: Session,
    name: str,
    template: Template,
    body: str,
    parameters: Mapping[str, str],
    *,
    standing: Standing | None,
    role: str | None = None,
) -> ChangeSet:
    """Make a change set and read it; one that would change nothing is deleted again.

    Args:
        template: The template in the long form; `body` is its text.
        parameters: What is given; of what is not, the value that stands is kept, or else the default taken.
        standing: The stack if it stands.
        role: The ARN of the role that CloudFormation acts in.

    Raises:
        RefusedError: The template is too large.
        FailedError: CloudFormation refuses it.
    """
    client = session.client("cloudformation")
    request: dict[str, Any] = {
        "StackName": name,
        "ChangeSetName": f"accunode-{uuid4().hex[:12]}",
        "ChangeSetType": "CREATE" if standing is None else "UPDATE",
        "TemplateBody": _small(name, template, body),
        "Parameters": _given(template, parameters, standing),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    if role is not None:
        request["RoleARN"] = role
    try:
        id_: str = client.create_change_set(**request)["Id"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and any(words in message_of(error) for words in NOTHING):
            return ChangeSet(name, standing is None, None)
        raise
    status, reason, changes = _wait(session, name, id_)
    if status == "FAILED":
        discard(session, name, id_)
        if any(words in reason for words in NOTHING):
            return ChangeSet(name, standing is None, None)
        raise FailedError(f"CloudFormation cannot change {name}: {reason.rstrip('.')}.")
    return ChangeSet(name, standing is None, id_, tuple(changes))


def discard(session: Session, name: str, id_: str) -> None:
    """Delete a change set, and with it a stack that was never more than one."""
    client = session.client("cloudformation")
    with explained():
        client.delete_change_set(StackName=name, ChangeSetName=id_)


def execute(session: Session, change_set: ChangeSet) -> None:
    """Start what a change set says. Watching it is another matter; see `watching`."""
    with explained():
        session.client("cloudformation").execute_change_set(StackName=change_set.stack, ChangeSetName=change_set.id)


def _small(name: str, template: Template, body: str) -> str:
    if len(body.encode()) <= LARGEST_BODY:
        return body
    compact = json.dumps(template, separators=(",", ":"))
    if len(compact.encode()) > LARGEST_BODY:
        raise RefusedError(
            f"The template of {name} is larger than CloudFormation takes ({LARGEST_BODY} bytes): split it."
        )
    return compact


def _given(template: Template, parameters: Mapping[str, str], standing: Standing | None) -> list[dict[str, Any]]:
    kept = standing.parameters if standing is not None else {}
    return [
        {"ParameterKey": name, "ParameterValue": parameters[name]}
        if name in parameters
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in template.get("Parameters", {})
        if name in parameters or name in kept
    ]


def _wait(session: Session, name: str, id_: str) -> tuple[str, str, list[ResourceChange]]:
    client = session.client("cloudformation")
    request = {"StackName": name, "ChangeSetName": id_, "IncludePropertyValues": True}

    def made() -> dict[str, Any] | None:
        with explained():
            found: dict[str, Any] = client.describe_change_set(**request)
        return found if found["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    found = until(made, every=session.poll_seconds)
    status, reason = found["Status"], found.get("StatusReason", "")
    changes = [read(each) for each in found.get("Changes", [])]
    while found.get("NextToken"):
        with explained():
            found = client.describe_change_set(**request, NextToken=found["NextToken"])
        changes += [read(each) for each in found.get("Changes", [])]
    return status, reason, changes


def read(change: Mapping[str, Any]) -> ResourceChange:
    """A change as `DescribeChangeSet` gives it, with its property values when it gives those."""
    found = change["ResourceChange"]
    properties = tuple(_properties(found))
    return ResourceChange(
        action=found["Action"],
        name=found["LogicalResourceId"],
        type=found["ResourceType"],
        replacement=str(found.get("Replacement", "False")),
        properties=properties,
    )


def _properties(found: Mapping[str, Any]) -> Iterator[PropertyChange]:
    seen = set()
    for detail in found.get("Details", []):
        target = detail.get("Target", {})
        path = target.get("Path") or "/".join(filter(None, ["", target.get("Attribute"), target.get("Name")]))
        if path in seen:
            continue
        seen.add(path)
        before, after = target.get("BeforeValue"), target.get("AfterValue")
        yield PropertyChange(path, before, after, target.get("RequiresRecreation") == "Always")
