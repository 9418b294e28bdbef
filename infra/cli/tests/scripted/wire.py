"""Answers boto3's calls from a model in memory.

The calls are real up to the wire: botocore checks their parameters, so that a call AWS would not take fails here too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore import xform_name

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class AwsError(Exception):
    """What the model answers instead of a result."""

    def __init__(self, code: str, message: str = "scripted") -> None:
        super().__init__(message)
        self.code = code


class Killed(BaseException):
    """The process that calls is killed: it gets no further, and none of its clean-up reaches AWS."""


@dataclass
class Fault:
    """Makes calls of one operation fail.

    Attributes:
        operation: Such as `ecs.DescribeServices`.
        error: The code.
        when: Whether it strikes now.
        times: How often it strikes.
    """

    operation: str
    error: str
    when: Callable[[], bool] = lambda: True
    times: int = 1_000_000


@dataclass
class Wire:
    """Where a session's calls end.

    Attributes:
        model: Has a method `{service}_{operation}` for every call it knows, as boto3 names it.
        calls: What was called, in order.
        faults: What fails.
        kill_at: The number of the call that is the caller's last: it is done, and the caller does not hear of it. Dying
            before the next call arrives is the same to AWS.
    """

    model: Any
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    kill_at: int | None = None
    dead: bool = False
    observe: Callable[[str], None] = lambda _: None

    def answer(self, service: str, operation: str, parameters: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The answer to a call, as botocore takes it: the HTTP status and what was parsed."""
        if self.dead:
            raise Killed
        name = f"{service}.{operation}"
        self.calls.append(name)
        self.observe(name)
        try:
            self._strike(name)
            self.model.advance()
            result: dict[str, Any] = getattr(self.model, f"{service}_{xform_name(operation)}")(parameters)
        except AwsError as error:
            status, result = 400, {"Error": {"Code": error.code, "Message": str(error)}}
        else:
            status = 200
        if self.kill_at == len(self.calls):
            self.dead = True
            raise Killed
        return SimpleNamespace(status_code=status, headers={}), result | {
            "ResponseMetadata": {"HTTPStatusCode": status}
        }

    def _strike(self, name: str) -> None:
        for fault in self.faults:
            if fault.operation == name and fault.times > 0 and fault.when():
                fault.times -= 1
                raise AwsError(fault.error, f"scripted {fault.error}")


class Exchange:
    """Connects the clients of a boto3 session to whichever wire is plugged in."""

    def __init__(self, events: Any) -> None:
        self.wire: Wire | None = None
        events.register("before-parameter-build.*.*", self._remember)
        events.register("before-call.*.*", self._call)

    def _remember(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = dict(params)

    def _call(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        if self.wire is None:
            raise AssertionError(f"{model.name} was called with nothing plugged in")
        return self.wire.answer(model.service_model.service_name, model.name, context["asked"])
