"""A release that is killed at any call, and started again."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from infra.cli.tests.scripted.cloud import Cloud
from infra.cli.tests.scripted.conftest import Scene, live_scene
from infra.cli.tests.scripted.fleet import Manner
from infra.cli.tests.scripted.wire import Exchange, Killed

from accunode_infra.aws import Session
from accunode_infra.errors import InfraError
from accunode_infra.release.lock import held
from accunode_infra.release.record import Outcome
from accunode_infra.release.slots import Step

LOCK = "/accunode/production/lock"
Make = Callable[[], Scene]

STAGES = ["outside", "starting", "wait for the scan", *(step for step in Step if step is not Step.WITHDRAW)]
"""What the lock says is being done; before and after it is held, nothing."""


def stage_of(cloud: Cloud) -> str:
    """What the release that holds the lock is at."""
    return str(json.loads(cloud.ssm[LOCK][0])["step"]) if LOCK in cloud.ssm else "outside"


@pytest.fixture
def make(_account: tuple[Session, Exchange]) -> Iterator[Make]:
    """Makes the same environment anew."""
    yield lambda: live_scene(*_account)
    _account[1].wire = None


def calls(make: Make, stage: str, **options: object) -> list[int]:
    """The numbers of the calls that an undisturbed release makes at a stage."""
    scene, stages = make(), list[str]()
    scene.process(observe=lambda _: stages.append(stage_of(scene.cloud)))
    with suppress(InfraError):
        scene.deploy(**options)
    found = [number for number, each in enumerate(stages, start=1) if each == stage]
    assert found, f"no call is made at {stage}; stages are {sorted(set(stages))}"
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_release_killed_at_any_call_goes_on_when_it_is_started_again(stage: str, make: Make) -> None:
    for number in calls(make, stage):
        scene = make()
        scene.process(kill_at=number)
        with suppress(Killed):
            scene.deploy()
        scene.process()
        if found := held(scene.site()):
            assert found[0].step, "a lock that stays says what was being done"
        scene.deploy()
        assert scene.live() == scene.new, number
        assert scene.cloud.outages == [], number
        assert len(scene.cloud.one_off) == 1, "the database is migrated once"
        assert LOCK not in scene.cloud.ssm
        assert [each.outcome for each in scene.records()] == [Outcome.DEPLOYED], number


@pytest.mark.parametrize("stage", STAGES)
def test_a_release_killed_at_any_call_is_taken_back_by_a_rollback(stage: str, make: Make) -> None:
    for number in calls(make, stage):
        scene = make()
        scene.process(kill_at=number)
        with suppress(Killed):
            scene.deploy()
        scene.process()
        with suppress(InfraError):  # nothing had been released yet
            scene.rollback()
        assert scene.live() == scene.old, number
        assert scene.cloud.outages == [], number
        assert LOCK not in scene.cloud.ssm


@pytest.mark.parametrize("manner", [Manner.CRASHES, Manner.ALARMS, Manner.ALARMS_LATE])
def test_the_withdrawal_of_an_unfit_image_killed_at_any_call_is_finished_by_the_next_run(
    manner: Manner, make: Make
) -> None:
    def unfit() -> Scene:
        scene = make()
        scene.cloud.manners[scene.new] = manner
        return scene

    for number in calls(unfit, "withdraw"):
        scene = unfit()
        scene.process(kill_at=number)
        with suppress(Killed, InfraError):
            scene.deploy()
        scene.process()
        with suppress(InfraError):
            scene.deploy()
        scene.cloud.settle()
        assert scene.live() == scene.old, number
        assert scene.cloud.outages == [], number
        assert LOCK not in scene.cloud.ssm
