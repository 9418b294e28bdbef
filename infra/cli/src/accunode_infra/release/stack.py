"""A deployed stack: its parameters and resources, and a change of parameters that leaves all others as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from accunode_infra.aws import code_of, message_of
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.release.site import Site, UnfitError, pages

UPDATE_LIMIT = timedelta(minutes=20)
CANCEL_LIMIT = timedelta(minutes=20)
_USABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
_BUSY = "_IN_PROGRESS"


@dataclass(frozen=True)
class StackState:
    """A stack at a moment: CloudFormation's status and the parameters in force."""

    status: str
    parameters: Mapping[str, str]

    @property
    def busy(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith(_BUSY)


class Stack:
    """One stack of an environment, by its short name, such as `service-auth`."""

    def __init__(self, site: Site, stack: str) -> None:
        self._site = site
        self._client = site.client("cloudformation")
        self.short = stack
        self.name = site.stack_name(stack)

    def read(self) -> StackState:
        """The stack as it stands.

        Raises:
            RefusedError: There is no such stack.
        """
        try:
            found = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
                raise RefusedError(
                    f"The stack {self.name} does not exist: `accunode-infra deploy --env {self._site.name}` makes it."
                ) from None
            raise
        parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}
        return StackState(found["StackStatus"], parameters)

    def ready(self) -> StackState:
        """The stack once CloudFormation is done with what it may be at; that may be an update of a killed release.

        Raises:
            RefusedError: The stack is in a state in which it takes no update.
            FailedError: CloudFormation does not come to an end.
        """
        state = self._site.until(self._idle, limit=UPDATE_LIMIT)
        if state is None:
            raise FailedError(
                f"{self.name} has been {self.read().status} for {_minutes(UPDATE_LIMIT)}: look at its events with "
                f"`accunode-infra events`, then run this again."
            )
        if state.status not in _USABLE:
            raise RefusedError(f"{self.name} is {state.status}: {_way_out(self.name, state.status)}")
        return state

    def resources(self, kind: str) -> dict[str, str]:
        """The physical ids of the stack's resources of a type, by logical id."""
        listed = pages(self._client, "list_stack_resources", "StackResourceSummaries", StackName=self.name)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in listed
            if each["ResourceType"] == kind
            and each.get("PhysicalResourceId")
            and each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def change(self, changes: Mapping[str, str], look: Callable[[], None] = lambda: None) -> bool:
        """Set some parameters, and wait until the stack has taken them; False when they were so already.

        Args:
            changes: New values by parameter; the others keep theirs.
            look: Called at each look of the wait; what it raises as unfit ends the update, which is then taken back.

        Raises:
            UnfitError: The update failed, or was ended, and the stack is as it was before.
            FailedError: The stack could not be brought to rest.
        """
        before = self.ready()
        changes = {name: value for name, value in changes.items() if name in before.parameters}
        if all(before.parameters[name] == value for name, value in changes.items()):
            return False
        started = self._site.clock.now()
        parameters = [
            {"ParameterKey": name, "ParameterValue": changes[name]}
            if name in changes
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in before.parameters
        ]
        try:
            self._client.update_stack(
                StackName=self.name,
                UsePreviousTemplate=True,
                Parameters=parameters,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            )
        except ClientError as error:
            if code_of(error) == "ValidationError" and "No updates are to be performed" in message_of(error):
                return False
            raise

        def watched() -> StackState | None:
            state = self._idle()
            if state is None:
                look()
            return state

        try:
            state = self._site.until(watched, limit=UPDATE_LIMIT)
        except UnfitError:
            self.cancel()
            raise
        if state is None:
            self.cancel()
            raise UnfitError(
                f"The update of {self.name} did not end within {_minutes(UPDATE_LIMIT)}, and was cancelled."
            )
        if state.status != "UPDATE_COMPLETE":
            if state.status not in _USABLE:
                raise FailedError(f"{self.name} is {state.status}: {_way_out(self.name, state.status)}")
            raise UnfitError(f"CloudFormation took the update of {self.name} back: {self._why(started)}")
        return True

    def cancel(self) -> None:
        """End an update that is under way; the stack then is as it was before.

        Raises:
            FailedError: The way back does not come to an end.
        """
        if self.read().status == "UPDATE_IN_PROGRESS":
            try:
                self._client.cancel_update_stack(StackName=self.name)
            except ClientError as error:
                if code_of(error) != "ValidationError":  # it has just come to its end
                    raise
        state = self._site.until(self._idle, limit=CANCEL_LIMIT)
        if state is None or state.status not in _USABLE:
            status = (state or self.read()).status
            raise FailedError(f"{self.name} is {status}: {_way_out(self.name, status)}")

    def _idle(self) -> StackState | None:
        state = self.read()
        return None if state.busy else state

    def _why(self, since: datetime) -> str:
        for event in reversed(list(pages(self._client, "describe_stack_events", "StackEvents", StackName=self.name))):
            reason = event.get("ResourceStatusReason", "")
            if (
                event["Timestamp"] >= since
                and event["ResourceStatus"].endswith("_FAILED")
                and "cancelled" not in reason
            ):
                return f"{event['LogicalResourceId']}: {reason.rstrip('.')}."
        return "it gave no reason."


def _minutes(limit: timedelta) -> str:
    return f"{limit.total_seconds() / 60:.0f} minutes"


def _way_out(name: str, status: str) -> str:
    match status:
        case "UPDATE_ROLLBACK_FAILED":
            return f"run `aws cloudformation continue-update-rollback --stack-name {name}`, then this again."
        case "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED":
            return "its first creation failed; `accunode-infra deploy` explains why and can make it anew."
        case _:
            return "look at its events with `accunode-infra events`, then run this again."
