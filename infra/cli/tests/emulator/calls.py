"""The API calls that the command line makes, recorded where botocore makes them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accunode_infra.aws import Session

Call = tuple[str, str]
"""A service as botocore signs for it, such as `elasticloadbalancing`, and an operation, such as `DescribeRules`."""


@contextmanager
def recording() -> Iterator[set[Call]]:
    """The set of calls that sessions of the command line make meanwhile.

    What the emulator calls in CloudFormation's stead is not among them.
    """
    calls: set[Call] = set()

    def note(model: object, **_: object) -> None:
        calls.add((model.service_model.signing_name, model.name))  # type: ignore[attr-defined]

    begin: Callable[..., None] = Session.__init__

    def begin_noted(self: Session, **arguments: object) -> None:
        begin(self, **arguments)
        self.events.register("before-call", note)

    Session.__init__ = begin_noted  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        Session.__init__ = begin  # type: ignore[method-assign]
