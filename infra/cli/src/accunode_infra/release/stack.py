"""A deployed stack: its parameters and resources, and a change of parameters that leaves all others as they are."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from accunode_infra.aws import code_of, message_of
from accunode_infra.errors import FailedError, RefusedError
from accunode_infra.release.site import Site, UnfitError, pages
from accunode_infra.stackops.events import events, root_cause
from accunode_infra.stackops.standing import Standing, standing

UPDATE_LIMIT = timedelta(minutes=20)
CANCEL_LIMIT = timedelta(minutes=20)


class Stack:
    """One stack of an environment, by its short name, such as `service-auth`."""

    def __init__(self, site: Site, stack: str) -> None:
        self._site = site
        self._client = site.client("cloudformation")
        self.short = stack
        self.name = site.stack_name(stack)

    def read(self) -> Standing:
        """The stack as it stands.

        Raises:
            RefusedError: There is no such stack.
        """
        found = standing(self._site.session, self.name)
        if found is None:
            raise RefusedError(
                f"The stack {self.name} does not exist: `accunode-infra deploy --env {self._site.name}` makes it."
            )
        return found

    def ready(self) -> Standing:
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
        if not state.stands:
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

        def watched() -> Standing | None:
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
            if not state.stands:
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
        if state is None or not state.stands:
            status = (state or self.read()).status
            raise FailedError(f"{self.name} is {status}: {_way_out(self.name, status)}")

    def _idle(self) -> Standing | None:
        state = self.read()
        return None if state.in_progress else state

    def _why(self, since: datetime) -> str:
        cause = root_cause(each for each in events(self._site.session, self.name) if each.at >= since)
        return f"{cause.name}: {cause.reason.rstrip('.')}." if cause else "it gave no reason."


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
