"""How a stack stands in CloudFormation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from accunode_infra.aws import Session, code_of, explained, in_words, message_of
from accunode_infra.errors import RefusedError

NEVER_CREATED = frozenset({"REVIEW_IN_PROGRESS"})
"""A change set was made for a stack that does not exist yet; nothing stands."""

FAILED_CREATE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
"""The first create failed: the stack can be deleted, and nothing else."""

UNUSABLE = {
    "DELETE_FAILED": "its deletion did not go through: run `accunode-infra destroy` for it again",
    "UPDATE_ROLLBACK_FAILED": "an update could not be taken back: run `aws cloudformation continue-update-rollback "
    "--stack-name {name}`, after mending what `accunode-infra events` shows",
    "UPDATE_FAILED": "an update failed without being taken back: run `aws cloudformation rollback-stack "
    "--stack-name {name}`",
}


@dataclass(frozen=True)
class Standing:
    """A stack as CloudFormation describes it.

    Attributes:
        parameters: Their values by name; those of `NoEcho` are asterisks.
        outputs: Their values by output key.
        protected: Whether termination protection is on.
    """

    name: str
    id: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    changed: datetime | None = None

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation works on it now."""
        return self.status.endswith("_IN_PROGRESS") and self.status not in NEVER_CREATED

    @property
    def stands(self) -> bool:
        """Whether its resources are there and it can be updated."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}


def standing(session: Session, name: str) -> Standing | None:
    """How a stack stands, by its name or id; None when there is none."""
    try:
        found = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
            return None
        raise in_words(error) from error
    return _of(found[0]) if found else None


def standing_all(session: Session, prefix: str = "accunode-") -> dict[str, Standing]:
    """Every stack whose name begins so, by name; deleted ones are not among them."""
    pages = session.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {
        found["StackName"]: _of(found)
        for page in pages
        for found in page["Stacks"]
        if found["StackName"].startswith(prefix)
    }


def usable(stack: Standing | None) -> Standing | None:
    """The stack when it stands; None when it has yet to be created.

    Raises:
        RefusedError: Something else changes it, or it is in a state that only a person can end.
    """
    if stack is None or stack.status in NEVER_CREATED or stack.status == "DELETE_COMPLETE":
        return None
    if stack.in_progress:
        raise RefusedError(
            f"{stack.name} is being changed by somebody else ({stack.status}): wait until `accunode-infra status` "
            "shows it complete."
        )
    if stack.status in FAILED_CREATE:
        raise RefusedError(f"{stack.name} was never created ({stack.status}): delete what is left of it first.")
    if stack.status in UNUSABLE:
        raise RefusedError(f"{stack.name}: {UNUSABLE[stack.status].format(name=stack.name)} ({stack.status}).")
    return stack


def _of(found: Mapping[str, Any]) -> Standing:
    return Standing(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        outputs={each["OutputKey"]: each.get("OutputValue", "") for each in found.get("Outputs", [])},
        tags={each["Key"]: each["Value"] for each in found.get("Tags", [])},
        protected=bool(found.get("EnableTerminationProtection", False)),
        changed=found.get("LastUpdatedTime") or found.get("CreationTime"),
    )


def exports(session: Session) -> dict[str, str]:
    """What the region's stacks export, by name."""
    pages = session.client("cloudformation").get_paginator("list_exports").paginate()
    with explained():
        return {found["Name"]: found["Value"] for page in pages for found in page["Exports"]}
