"""A deploy that is killed between any two stacks goes on when it is started again, and ends where it would have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from infra.cli.tests.emulator.conftest import Cli, first_deploy
from infra.cli.tests.emulator.server import Emulator
from infra.cli.tests.scripted.wire import Killed

from accunode_infra.aws import Session
from accunode_infra.stacks import STACKS, stack_name


@contextmanager
def killing(moment: str, number: int) -> Iterator[None]:
    """Kill whoever uses a session at the moment, `before` or `after`, that so many-th stack is begun.

    From then on no call of theirs arrives.
    """
    begin: Callable[..., None] = Session.__init__
    begun = 0

    def note(model: object, **_: object) -> None:
        nonlocal begun
        if begun >= number:
            raise Killed
        if model.name == "ExecuteChangeSet":  # type: ignore[attr-defined]
            begun += 1
            if begun >= number and moment == "before":
                raise Killed

    def begin_noted(self: Session, **arguments: object) -> None:
        begin(self, **arguments)
        self.events.register("before-call", note)

    Session.__init__ = begin_noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Session.__init__ = begin  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("before", 8),
        pytest.param("after", 1, marks=pytest.mark.whole),
        pytest.param("before", 4, marks=pytest.mark.whole),
    ],
)
def test_a_deploy_that_is_killed_again_and_again_goes_on_each_time(
    emulator: Emulator, cli: Cli, moment: str, number: int
) -> None:
    words = first_deploy(emulator)
    kills = 0
    while True:
        try:
            with killing(moment, number):
                cli(*words)
            break
        except Killed:
            kills += 1
            assert kills <= len(STACKS)
    each_time = number if moment == "after" else number - 1
    assert kills >= (len(STACKS) - 1) // each_time
    standing = {each.name: each for each in emulator.engine.standing()}
    assert {name: each.status for name, each in standing.items()} == {
        stack_name(each, "production"): "CREATE_COMPLETE" for each in STACKS
    }
    protected = {name for name, each in standing.items() if each.protected}
    assert protected == {stack_name(each, "production") for each in STACKS if each.protected}
    secrets = cli("secrets", "list")
    assert secrets["missing"] == []
    assert {each["version"] for each in secrets["secrets"]} == {1}
