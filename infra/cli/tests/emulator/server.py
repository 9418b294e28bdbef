"""Moto's server on loopback, with the engine behind its CloudFormation API."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from infra.cli.tests.emulator.differences import InvalidError
from infra.cli.tests.emulator.engine import Engine, Stack
from infra.cli.tests.emulator.policies import aws_policies
from infra.cli.tests.emulator.tasks import Tasks
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.iam.models import IAMBackend
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account that moto takes callers to be of."""

KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Attributes:
        url: What `AWS_ENDPOINT_URL` is to be.
        engine: The stacks, to look into and to break.
        tasks: What runs in ECS.
    """

    url: str
    engine: Engine
    tasks: Tasks

    def client(self, service: str) -> Any:
        """A client to assert with; its calls are not the command line's."""
        return _client(self.url, service)


def _client(url: str, service: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name=REGION, **KEYS)


@contextmanager
def serving() -> Iterator[Emulator]:
    """Run an empty emulator."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = _client(url, service)
        return clients[service]

    engine = Engine(client, account=ACCOUNT, region=REGION)
    tasks = Tasks(ACCOUNT, REGION)
    put_back = [
        _replace(CloudFormationResponse, _answers(engine)),
        _replace(EC2ContainerServiceResponse, tasks.answers()),
        _replace(IAMBackend, {"_init_aws_policies": aws_policies}),
    ]
    try:
        _reset(url)
        yield Emulator(url, engine, tasks)
    finally:
        for each in put_back:
            each()
        for each in clients.values():
            each.close()
        server.stop()


def _replace(owner: type, methods: dict[str, Any]) -> Callable[[], None]:
    """Put methods on a class of moto's; returns what puts its own back."""
    own = {name: owner.__dict__.get(name) for name in methods}
    for name, method in methods.items():
        setattr(owner, name, method)

    def put_back() -> None:
        for name, method in own.items():
            if method is None:
                delattr(owner, name)
            else:
                setattr(owner, name, method)

    return put_back


def _reset(url: str) -> None:
    import urllib.request

    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")):
        pass


def _answers(engine: Engine) -> dict[str, Any]:
    answers = {name: _answer(getattr(_Api, name), engine) for name in dir(_Api) if not name.startswith("_")}
    # What the engine gives has AWS's own shape already.
    return answers | {"RESPONSE_KEY_PATH_TO_TRANSFORMER": {}}


def _answer(function: Callable[[Engine, dict[str, Any]], dict[str, Any] | None], engine: Engine) -> Any:
    def method(self: CloudFormationResponse) -> ActionResult:
        try:
            found = function(engine, self.params)
        except InvalidError as error:
            raise ValidationError(message=str(error)) from error
        except Exception:
            engine.faults.append(traceback.format_exc())
            raise
        return EmptyResult() if found is None else ActionResult(found)

    return method


def _stack(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "EnableTerminationProtection": stack.protected,
        "RoleARN": stack.role,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        "Outputs": [
            {"OutputKey": key, "OutputValue": value, **({"ExportName": export} if export else {})}
            for key, (value, export) in stack.outputs.items()
        ],
    }


class _Api:
    """The operations, as `operation(engine, parameters)`."""

    def create_change_set(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        made = engine.create_change_set(
            given["ChangeSetName"],
            given["StackName"],
            given.get("TemplateBody"),
            given.get("Parameters", []),
            creates=given.get("ChangeSetType") == "CREATE",
            role=given.get("RoleARN"),
        )
        return {"Id": made.id, "StackId": made.stack.id}

    def describe_change_set(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        made = engine.change_set(given["ChangeSetName"])
        return {
            "ChangeSetId": made.id,
            "ChangeSetName": made.name,
            "StackName": made.stack.name,
            "StackId": made.stack.id,
            "Status": made.status,
            "StatusReason": made.reason,
            "Changes": made.changes,
        }

    def delete_change_set(engine: Engine, given: dict[str, Any]) -> None:  # noqa: N805
        engine.delete_change_set(given["ChangeSetName"])

    def execute_change_set(engine: Engine, given: dict[str, Any]) -> None:  # noqa: N805
        engine.execute(given["ChangeSetName"])

    def update_stack(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        body = None if given.get("UsePreviousTemplate") else given.get("TemplateBody")
        made = engine.create_change_set(
            "update", given["StackName"], body, given.get("Parameters", []), creates=False, role=given.get("RoleARN")
        )
        if made.status == "FAILED":
            engine.delete_change_set(made.id)
            raise InvalidError("No updates are to be performed.")
        engine.execute(made.id)
        return {"StackId": made.stack.id}

    def describe_stacks(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        name = given.get("StackName")
        return {"Stacks": [_stack(each) for each in ([engine.stack(name)] if name else engine.standing())]}

    def describe_stack_events(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"StackEvents": engine.stack(given["StackName"]).events[::-1]}

    def describe_stack_resources(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"StackResources": _resources(engine, engine.stack(given["StackName"]))}

    def list_stack_resources(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"StackResourceSummaries": _resources(engine, engine.stack(given["StackName"]))}

    def list_exports(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"Exports": [{"Name": name, "Value": value} for name, value in engine.exports().items()]}

    def get_template(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"TemplateBody": engine.stack(given["StackName"]).body}

    def delete_stack(engine: Engine, given: dict[str, Any]) -> None:  # noqa: N805
        engine.delete(given["StackName"])

    def update_termination_protection(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        stack = engine.stack(given["StackName"])
        stack.protected = bool(given["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def detect_stack_drift(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {"StackDriftDetectionId": engine.stack(given["StackName"]).id}

    def describe_stack_drift_detection_status(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        stack = engine.stack(given["StackDriftDetectionId"])
        drifted = [name for (owner, name) in engine.drifted if owner == stack.name]
        return {
            "StackId": stack.id,
            "StackDriftDetectionId": stack.id,
            "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
            "DriftedStackResourceCount": len(drifted),
            "Timestamp": stack.updated,
        }

    def describe_stack_resource_drifts(engine: Engine, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        stack = engine.stack(given["StackName"])
        return {
            "StackResourceDrifts": [
                {
                    "StackId": stack.id,
                    "LogicalResourceId": name,
                    "PhysicalResourceId": stack.made[name].id,
                    "ResourceType": stack.made[name].type,
                    "StackResourceDriftStatus": "MODIFIED",
                    "PropertyDifferences": differences,
                    "Timestamp": stack.updated,
                }
                for (owner, name), differences in engine.drifted.items()
                if owner == stack.name
            ]
        }


def _resources(engine: Engine, stack: Stack) -> list[dict[str, Any]]:
    return [
        {
            "StackName": stack.name,
            "LogicalResourceId": name,
            "PhysicalResourceId": made.id,
            "ResourceType": made.type,
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": stack.updated,
            "Timestamp": stack.updated,
        }
        for name, made in stack.made.items()
    ]
