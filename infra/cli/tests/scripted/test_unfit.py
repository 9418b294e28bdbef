"""Releases that go wrong: what served before serves on, and the reason is told."""

import pytest
from infra.cli.tests.scripted.conftest import Scene
from infra.cli.tests.scripted.fleet import Manner
from infra.cli.tests.scripted.wire import Fault

from accunode_infra.errors import FailedError, InfraError
from accunode_infra.release.lock import held
from accunode_infra.release.record import Outcome
from accunode_infra.release.site import UnfitError

REASONS = {
    Manner.CRASHES: "Essential container in task exited. app: exit code 1.\n  ValueError: ACCUNODE_MFA_KEY is not set",
    Manner.UNHEALTHY: "Task failed ELB health checks",
    Manner.UNPLACED: "within 20 minutes",
    Manner.REPLACED: "ECS went back to another image",
    Manner.ALARMS: "accunode-production-service-auth-errors: Threshold Crossed",
    Manner.ALARMS_LATE: "accunode-production-service-auth-errors: Threshold Crossed",
    Manner.ANSWERS_500: "answers 500 at https://api.example.com/.well-known/jwks.json",
}


@pytest.mark.parametrize("manner", REASONS)
def test_an_unfit_image_is_withdrawn_and_the_reason_told(manner: Manner, scene: Scene) -> None:
    scene.cloud.manners[scene.new] = manner
    if manner is Manner.REPLACED:  # a service that is already there is what ECS can go back with
        scene.cloud.state("auth").update(GreenImage=scene.cloud.image("auth", 9))
        scene.cloud.apply(scene.cloud.stacks["accunode-production-service-auth"], scene.cloud.clock.now())
        scene.cloud.settle()
    with pytest.raises(UnfitError) as caught:
        scene.deploy()
    assert REASONS[manner] in str(caught.value)
    assert "what served before serves on" in str(caught.value)
    assert scene.live() == scene.old
    assert scene.cloud.outages == []
    assert held(scene.site()) is None
    assert [each.outcome for each in scene.records()] == [Outcome.WITHDRAWN]


def test_a_copy_that_ends_fails_the_release_before_ecs_gives_up(scene: Scene) -> None:
    scene.cloud.manners[scene.new] = Manner.CRASHES
    with pytest.raises(UnfitError):
        scene.deploy()
    ended = [task for service in scene.cloud.services.values() for task in service.tasks if task.exit == 1]
    assert len(ended) <= 2, "the copies that were started first, and none after them"


def test_a_failed_migration_changes_no_slot(scene: Scene) -> None:
    scene.cloud.migration_exit = 1
    before = dict(scene.cloud.state("auth"))
    with pytest.raises(UnfitError, match="one-off task failed"):
        scene.deploy()
    assert scene.cloud.state("auth") == before


def test_an_update_that_hangs_is_cancelled_and_everything_is_as_before(scene: Scene) -> None:
    scene.cloud.stuck.add("accunode-production-service-auth")
    with pytest.raises(UnfitError, match="did not end within 20 minutes, and was cancelled"):
        scene.deploy()
    assert scene.live() == scene.old
    assert held(scene.site()) is None


def test_a_release_goes_on_after_the_failed_one_is_mended(scene: Scene) -> None:
    scene.cloud.manners[scene.new] = Manner.CRASHES
    with pytest.raises(UnfitError):
        scene.deploy()
    mended = scene.cloud.image("auth", 3)
    scene.deploy(mended)
    assert scene.live() == mended
    assert [each.outcome for each in scene.records()] == [Outcome.DEPLOYED, Outcome.WITHDRAWN]


@pytest.mark.parametrize("operation", ["ecs.DescribeServices", "cloudformation.DescribeStacks", "ecr.DescribeImages"])
def test_credentials_that_expire_midway_leave_an_explained_lock_and_a_release_to_go_on_with(
    operation: str, scene: Scene
) -> None:
    wire = scene.process()
    wire.faults.append(Fault(operation, "ExpiredTokenException", when=lambda: len(wire.calls) > 60))
    wire.faults.append(Fault("ssm.PutParameter", "ExpiredTokenException", when=lambda: len(wire.calls) > 60))
    with pytest.raises(InfraError, match="credentials have expired"):
        scene.deploy()
    found = held(scene.site())
    assert found is not None
    assert found[0].service == "auth"
    scene.process()
    scene.deploy()
    assert scene.live() == scene.new
    assert scene.cloud.outages == []


def test_a_permission_that_is_missing_midway_is_named_with_where_the_release_stands(scene: Scene) -> None:
    scene.process().faults.append(Fault("cloudwatch.DescribeAlarms", "AccessDenied", when=lambda: _shares(scene)))
    with pytest.raises(FailedError, match=r"may not do DescribeAlarms.*stands half-way \(last done: share\)"):
        scene.deploy()
    found = held(scene.site())
    assert found is not None
    assert found[0].stopped
    scene.process()
    scene.rollback()
    assert scene.live() == scene.old
    assert held(scene.site()) is None


def _shares(scene: Scene) -> bool:
    return scene.cloud.state("auth")["GreenWeight"] == "10"


def test_throttled_looks_are_repeated(scene: Scene) -> None:
    wire = scene.process()
    for operation in ("ecs.DescribeServices", "cloudwatch.DescribeAlarms", "elbv2.DescribeTargetHealth"):
        wire.faults.append(Fault(operation, "ThrottlingException", when=lambda: _waits(scene), times=5))
    scene.deploy()
    assert scene.live() == scene.new


def _waits(scene: Scene) -> bool:
    found = held_step(scene)
    return found in {"settle", "watch", "bake"}


def held_step(scene: Scene) -> str:
    """What the lock says is being done."""
    stored = scene.cloud.ssm.get("/accunode/production/lock")
    return "" if stored is None else stored[0].partition('"step": "')[2].partition('"')[0]


def test_copies_that_the_autoscaler_added_stay(scene: Scene) -> None:
    scene.cloud.services["accunode-production-auth-blue"].desired = 4
    scene.cloud.settle()
    counts: list[int] = []
    scene.process(observe=lambda _: counts.append(scene.cloud.services["accunode-production-auth-blue"].desired))
    scene.deploy()
    assert counts.index(0) == counts.count(4), "four copies until the slot is lowered"
    assert scene.cloud.services["accunode-production-auth-green"].desired == 4


def test_copies_that_the_autoscaler_adds_during_the_watch_are_matched_before_the_flip(scene: Scene) -> None:
    def busy(_: str) -> None:
        if held_step(scene) == "watch":
            scene.cloud.services["accunode-production-auth-blue"].desired = 3

    scene.process(observe=busy)
    scene.deploy()
    assert scene.cloud.services["accunode-production-auth-green"].desired == 3
    assert scene.cloud.outages == []
