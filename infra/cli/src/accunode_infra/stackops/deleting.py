"""Deletes stacks, and what is left of those whose first create failed."""

from collections.abc import Callable

from accunode_infra.aws import Session, explained
from accunode_infra.stackops.standing import Standing
from accunode_infra.stackops.watching import start_watching, wait


def delete(session: Session, stack: Standing, say: Callable[[str], None], *, role: str | None = None) -> None:
    """Delete a stack and wait until it is gone. Termination protection is lifted by `unprotect`, not here.

    Raises:
        FailedError: CloudFormation could not delete it; says what stood in the way.
    """
    watch = start_watching(session, stack)
    request = {"StackName": stack.id} | ({"RoleARN": role} if role is not None else {})
    with explained():
        session.client("cloudformation").delete_stack(**request)
    wait(session, watch, say)


def protect(session: Session, name: str, *, on: bool) -> None:
    """Put termination protection on a stack, or lift it."""
    with explained():
        session.client("cloudformation").update_termination_protection(StackName=name, EnableTerminationProtection=on)
