"""CloudFormation: stacks, change sets, events, exports, rollback."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from infra.cli.tests.emulator import kinds_compute, kinds_data, kinds_network, kinds_watch  # noqa: F401
from infra.cli.tests.emulator.differences import InvalidError, changes_of, in_order, replaced
from infra.cli.tests.emulator.kinds import KINDS, Made, Place
from infra.cli.tests.emulator.values import Values

from accunode_infra.errors import RefusedError
from accunode_infra.resolve import Resolved, resolve
from accunode_infra.templates import parse as parse_text

_STACK = "AWS::CloudFormation::Stack"
_NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
_STANDS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@cache
def parse(body: str) -> dict[str, Any]:
    return parse_text(body)


@dataclass
class Stack:
    name: str
    id: str
    status: str
    created: datetime
    updated: datetime | None = None
    reason: str = ""
    body: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    resolved: Resolved | None = None
    made: dict[str, Made] = field(default_factory=dict)
    outputs: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    protected: bool = False
    role: str | None = None

    @property
    def exports(self) -> dict[str, str]:
        return {export: value for value, export in self.outputs.values() if export is not None}


@dataclass
class ChangeSet:
    id: str
    name: str
    stack: Stack
    creates: bool
    body: str
    parameters: dict[str, str]
    resolved: Resolved
    changes: list[dict[str, Any]]
    status: str
    reason: str


class Engine:
    """The stacks of one account in one region."""

    def __init__(self, client: Callable[[str], Any], *, account: str, region: str) -> None:
        self._client = client
        self.account, self.region = account, region
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, ChangeSet] = {}
        self.drifted: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.faults: list[str] = []
        self._numbers = itertools.count(1)

    # Looking

    def stack(self, name: str) -> Stack:
        if name in self.stacks:
            return self.stacks[name]
        for stack in self.stacks.values():
            if stack.name == name and stack.status != "DELETE_COMPLETE":
                return stack
        raise InvalidError(f"Stack with id {name} does not exist")

    def standing(self) -> list[Stack]:
        return [stack for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]

    def exports(self) -> dict[str, str]:
        return {name: value for stack in self.standing() for name, value in stack.exports.items()}

    # Change sets

    def create_change_set(
        self,
        name: str,
        stack_name: str,
        body: str | None,
        parameters: list[dict[str, Any]],
        *,
        creates: bool,
        role: str | None,
    ) -> ChangeSet:
        stack = next((each for each in self.standing() if each.name == stack_name), None)
        if creates and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise InvalidError(
                f"Stack {stack_name} already exists and cannot be created again with the changeSet [{name}]."
            )
        if not creates and stack is None:
            raise InvalidError(f"Stack [{stack_name}] does not exist")
        if not creates and stack is not None and stack.status not in _STANDS:
            raise InvalidError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        kept = stack.parameters if stack is not None else {}
        values = {}
        for each in parameters:
            key = each["ParameterKey"]
            if each.get("UsePreviousValue") in (True, "true") and key not in kept:
                raise InvalidError(f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true")
            values[key] = kept[key] if each.get("UsePreviousValue") in (True, "true") else each["ParameterValue"]
        body = body if body is not None else (stack.body if stack is not None else "")
        resolved = self._resolve(body, values)
        if stack is None:
            stack = self._new(stack_name)
        stack.role = role
        changes = list(changes_of(stack.resolved if not creates else None, resolved))
        nothing = not creates and not changes and self._outputs_same(stack, resolved)
        made = ChangeSet(
            id=f"arn:aws:cloudformation:{self.region}:{self.account}:changeSet/{name}/{next(self._numbers)}",
            name=name,
            stack=stack,
            creates=creates,
            body=body,
            parameters=values,
            resolved=resolved,
            changes=changes,
            status="FAILED" if nothing else "CREATE_COMPLETE",
            reason=_NOTHING if nothing else "",
        )
        self.change_sets[made.id] = made
        return made

    def change_set(self, name: str) -> ChangeSet:
        for made in self.change_sets.values():
            if name in (made.id, made.name):
                return made
        raise InvalidError(f"ChangeSet [{name}] does not exist")

    def delete_change_set(self, name: str) -> None:
        self.change_sets.pop(self.change_set(name).id)

    def execute(self, name: str) -> None:
        made = self.change_set(name)
        self.change_sets.pop(made.id)
        if made.creates:
            self._create(made)
        else:
            self._update(made)

    # What changes

    def _create(self, made: ChangeSet) -> None:
        stack = made.stack
        self._event(stack, _STACK, stack.name, "CREATE_IN_PROGRESS", "User Initiated")
        try:
            self._bring(stack, made.resolved, made.body, made.parameters)
        except Exception as error:  # noqa: BLE001
            self._event(stack, _STACK, stack.name, "ROLLBACK_IN_PROGRESS", f"The following resource(s) failed: {error}")
            self._roll_back(stack)
            return
        self._settle(stack, made)
        self._event(stack, _STACK, stack.name, "CREATE_COMPLETE")

    def _roll_back(self, stack: Stack) -> None:
        try:
            self._remove(stack, set(stack.made), keep_retained=False)
        except InvalidError as error:
            self._event(stack, _STACK, stack.name, "ROLLBACK_FAILED", str(error))
        else:
            self._event(stack, _STACK, stack.name, "ROLLBACK_COMPLETE")

    def _update(self, made: ChangeSet) -> None:
        stack = made.stack
        before = stack.resolved
        self._event(stack, _STACK, stack.name, "UPDATE_IN_PROGRESS", "User Initiated")
        try:
            self._bring(stack, made.resolved, made.body, made.parameters)
            gone = set(stack.exports) - {str(each) for each in made.resolved.exports}
            used = {name for each in self.standing() if each is not stack for name in each.imports & gone}
            if used:
                raise InvalidError(f"Cannot delete export {min(used)} as it is in use by another stack")
        except Exception as error:  # noqa: BLE001
            self._event(stack, _STACK, stack.name, "UPDATE_ROLLBACK_IN_PROGRESS", f"The following failed: {error}")
            if before is not None:
                self._bring(stack, before, stack.body, stack.parameters)
                self._remove(stack, set(stack.made) - set(before.resources))
            self._event(stack, _STACK, stack.name, "UPDATE_ROLLBACK_COMPLETE")
            return
        self._remove(stack, set(stack.made) - set(made.resolved.resources))
        self._settle(stack, made)
        self._event(stack, _STACK, stack.name, "UPDATE_COMPLETE")

    def delete(self, name: str) -> None:
        stack = self.stack(name)
        if stack.protected:
            raise InvalidError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        self._event(stack, _STACK, stack.name, "DELETE_IN_PROGRESS", "User Initiated")
        users = [each.name for each in self.standing() if each is not stack and each.imports & set(stack.exports)]
        try:
            if users:
                raise InvalidError(f"Cannot delete export as it is in use by {', '.join(users)}")
            self._remove(stack, set(stack.made))
        except Exception as error:  # noqa: BLE001
            self._event(stack, _STACK, stack.name, "DELETE_FAILED", str(error))
            return
        stack.outputs = {}
        self._event(stack, _STACK, stack.name, "DELETE_COMPLETE")

    def _bring(self, stack: Stack, resolved: Resolved, body: str, parameters: Mapping[str, str]) -> None:
        finish = Values(stack.made, self._looked_up(body, parameters), self._client("ssm"))
        for resource in in_order(resolved):
            place = Place(self._client, stack.name, resource.name, self.account, self.region)
            was = stack.made.get(resource.name)
            verb = "CREATE" if was is None else "UPDATE"
            try:
                kind = KINDS.get(resource.type)
                if kind is None:
                    raise LookupError(f"The emulator has no {resource.type}")
                properties = finish(resource.properties)
                if was is not None and was.properties == properties:
                    continue
                self._event(stack, resource.type, resource.name, f"{verb}_IN_PROGRESS")
                if was is None:
                    stack.made[resource.name] = kind.create(place, properties)
                elif kind.update is None or replaced(kind.replaces, was.properties, properties):
                    stack.made[resource.name] = kind.create(place, properties)
                    if kind.delete is not None:
                        kind.delete(place, was)
                else:
                    kind.update(place, was, properties)
                    was.properties = properties
            except (ClientError, BotoCoreError, LookupError, KeyError, ValueError, TypeError) as error:
                self._event(stack, resource.type, resource.name, f"{verb}_FAILED", f"{error}")
                raise InvalidError(f"[{resource.name}]") from error
            made = stack.made[resource.name]
            made.type, made.policy = resource.type, resource.attributes.get("DeletionPolicy", "Delete")
            self._event(stack, resource.type, resource.name, f"{verb}_COMPLETE")

    def _remove(self, stack: Stack, names: set[str], *, keep_retained: bool = True) -> None:
        for name in [name for name in reversed(stack.made) if name in names]:
            made = stack.made[name]
            type_, policy, kind = made.type, made.policy, KINDS[made.type]
            if keep_retained and policy == "Retain":
                stack.made.pop(name)
                self._event(stack, type_, name, "DELETE_SKIPPED")
                continue
            place = Place(self._client, stack.name, name, self.account, self.region)
            self._event(stack, type_, name, "DELETE_IN_PROGRESS")
            try:
                if keep_retained and policy == "Snapshot" and type_ == "AWS::RDS::DBInstance":
                    snapshot = f"{stack.name}-snapshot-{name.lower()}-{next(self._numbers)}"
                    self._client("rds").create_db_snapshot(DBInstanceIdentifier=made.id, DBSnapshotIdentifier=snapshot)
                if kind.delete is not None:
                    kind.delete(place, made)
            except (ClientError, LookupError) as error:
                self._event(stack, type_, name, "DELETE_FAILED", str(error))
                raise InvalidError(f"The following resource(s) failed to delete: [{name}].") from error
            stack.made.pop(name)
            self._event(stack, type_, name, "DELETE_COMPLETE")

    # Helpers

    def _resolve(self, body: str, values: Mapping[str, str]) -> Resolved:
        pseudo = {"AWS::AccountId": self.account, "AWS::Region": self.region}
        try:
            resolved = resolve(parse(body), values, imports=self.exports(), pseudo=pseudo)
        except RefusedError as error:
            raise InvalidError(str(error)) from error
        for resource in resolved.resources.values():
            for name in _imports(resource.properties):
                raise InvalidError(f"No export named {name} found.")
        return resolved

    def _settle(self, stack: Stack, made: ChangeSet) -> None:
        finish = Values(stack.made, self._looked_up(made.body, made.parameters), self._client("ssm"))
        names = made.resolved.export_names
        stack.outputs = {key: (str(finish(value)), names.get(key)) for key, value in made.resolved.outputs.items()}
        stack.imports = set(_used_imports(made.body, made.parameters))
        stack.body, stack.parameters, stack.resolved = made.body, dict(made.parameters), made.resolved
        declared = parse(made.body).get("Parameters", {})
        for name, declaration in declared.items():
            if name not in stack.parameters:
                stack.parameters[name] = _plain(declaration["Default"])

    def _outputs_same(self, stack: Stack, resolved: Resolved) -> bool:
        return stack.resolved is not None and stack.resolved.outputs == resolved.outputs

    def _looked_up(self, body: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The values of the parameters that CloudFormation looks up in the parameter store."""
        ssm = self._client("ssm")
        return {
            name: ssm.get_parameter(Name=parameters.get(name, declared.get("Default")))["Parameter"]["Value"]
            for name, declared in parse(body).get("Parameters", {}).items()
            if declared["Type"].startswith("AWS::SSM::Parameter::Value")
        }

    def _new(self, name: str) -> Stack:
        id_ = f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{name}/{next(self._numbers)}"
        stack = Stack(name, id_, "REVIEW_IN_PROGRESS", datetime.now(UTC))
        self.stacks[id_] = stack
        self._event(stack, _STACK, name, "REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def _event(self, stack: Stack, type_: str, name: str, status: str, reason: str = "") -> None:
        if type_ == _STACK:
            stack.status, stack.reason, stack.updated = status, reason, datetime.now(UTC)
        made = stack.made.get(name)
        stack.events.append(
            {
                "StackId": stack.id,
                "StackName": stack.name,
                "EventId": f"{name}-{next(self._numbers)}",
                "LogicalResourceId": name,
                "PhysicalResourceId": stack.id if type_ == _STACK else made.id if made else "",
                "ResourceType": type_,
                "Timestamp": datetime.now(UTC),
                "ResourceStatus": status,
                **({"ResourceStatusReason": reason} if reason else {}),
            }
        )


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _imports(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _imports(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Fn::ImportValue" and isinstance(each, str):
                yield each
            else:
                yield from _imports(each)


def _used_imports(body: str, parameters: Mapping[str, str]) -> Iterator[str]:
    for resource in resolve(parse(body), parameters).resources.values():
        yield from _imports(resource.properties)
