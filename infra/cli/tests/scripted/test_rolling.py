"""Releases of the workers and the relay, whose copies ECS replaces itself."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from infra.cli.tests.scripted.conftest import Scene, live_scene
from infra.cli.tests.scripted.fleet import Manner
from infra.cli.tests.scripted.wire import Exchange, Killed

from accunode_infra.aws import Session
from accunode_infra.errors import InfraError
from accunode_infra.release.lock import held
from accunode_infra.release.record import Outcome
from accunode_infra.release.site import UnfitError

Make = Callable[[], tuple[Scene, str, str]]


@pytest.fixture
def make(_account: tuple[Session, Exchange]) -> Make:
    """Makes an environment with four workers on one image, of which the stack asked for two; a second image waits."""

    def working() -> tuple[Scene, str, str]:
        scene = live_scene(*_account)
        old, new = scene.cloud.image("worker", 1), scene.cloud.image("worker", 2)
        stack = scene.cloud.stacks["accunode-production-worker"]
        stack.parameters.update(Image=old, DesiredCount="2")
        scene.cloud.apply(stack, scene.cloud.clock.now())
        scene.cloud.services["accunode-production-worker"].desired = 4
        scene.cloud.settle()
        return scene, old, new

    return working


def image(scene: Scene) -> str:
    """The image of the workers."""
    return scene.cloud.stacks["accunode-production-worker"].parameters["Image"]


def test_workers_are_replaced_and_as_many_as_the_autoscaler_wants_stay(make: Make) -> None:
    scene, _, new = make()
    record = scene.deploy(new, service="worker")
    assert record is not None
    assert list(record.seconds) == ["migrate", "raise", "settle", "verify", "watch"]
    workers = scene.cloud.services["accunode-production-worker"]
    assert {each.image for each in workers.live()} == {new}
    assert workers.desired == 4


@pytest.mark.parametrize("manner", [Manner.CRASHES, Manner.UNPLACED, Manner.REPLACED])
def test_workers_that_do_not_start_are_put_back(manner: Manner, make: Make) -> None:
    scene, old, new = make()
    scene.cloud.manners[new] = manner
    with pytest.raises(UnfitError):
        scene.deploy(new, service="worker")
    assert image(scene) == old
    assert held(scene.site()) is None
    assert [each.outcome for each in scene.records("worker")] == [Outcome.WITHDRAWN]


def test_the_workers_earlier_image_comes_back(make: Make) -> None:
    scene, old, new = make()
    scene.deploy(new, service="worker")
    scene.rollback(service="worker")
    assert image(scene) == old


def test_a_roll_out_killed_at_any_call_goes_on_when_it_is_started_again(make: Make) -> None:
    scene, _, new = make()
    wire = scene.process()
    scene.deploy(new, service="worker")
    for number in range(1, len(wire.calls) + 1):
        scene, _, new = make()
        scene.process(kill_at=number)
        with suppress(Killed, InfraError):
            scene.deploy(new, service="worker")
        scene.process()
        scene.deploy(new, service="worker")
        assert image(scene) == new
        assert held(scene.site()) is None
        assert len(scene.cloud.one_off) == 1
