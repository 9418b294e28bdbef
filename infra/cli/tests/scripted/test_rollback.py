"""The way back: a flip of weights while the old slot has copies, else the earlier image through the same steps."""

import pytest
from infra.cli.tests.scripted.conftest import Scene
from infra.cli.tests.scripted.fleet import Manner
from infra.cli.tests.scripted.test_unfit import held_step
from infra.cli.tests.scripted.wire import Killed

from accunode_infra.errors import RefusedError
from accunode_infra.release.record import Outcome
from accunode_infra.release.site import UnfitError


def cut_short(scene: Scene, step: str) -> None:
    """A release of the new image that is killed at a step."""

    def die(_: str) -> None:
        if held_step(scene) == step:
            raise Killed

    scene.process(observe=die)
    with pytest.raises(Killed):
        scene.deploy()
    scene.process()


def test_before_the_old_slot_is_lowered_weights_move_and_no_copy_is_started(scene: Scene) -> None:
    cut_short(scene, "bake")
    assert scene.cloud.state("auth")["GreenWeight"] == "100"
    tasks = len(scene.cloud.services["accunode-production-auth-blue"].tasks)
    record = scene.rollback()
    assert scene.live() == scene.old
    assert len(scene.cloud.services["accunode-production-auth-blue"].tasks) == tasks
    assert "raise" not in record.seconds
    assert scene.cloud.outages == []
    assert [each.outcome for each in scene.records()] == [Outcome.ROLLED_BACK, Outcome.SUPERSEDED]


def test_a_release_under_way_is_taken_back(scene: Scene) -> None:
    cut_short(scene, "watch")
    scene.rollback()
    assert scene.live() == scene.old
    assert scene.cloud.outages == []


def test_another_image_takes_the_place_of_a_release_that_stopped_half_way(scene: Scene) -> None:
    cut_short(scene, "watch")
    third = scene.cloud.image("auth", 3)
    scene.deploy(third)
    assert scene.live() == third
    assert scene.cloud.outages == []
    assert [each.outcome for each in scene.records()] == [Outcome.DEPLOYED, Outcome.SUPERSEDED]


def test_after_the_old_slot_is_lowered_the_earlier_image_is_raised_again_without_a_migration(scene: Scene) -> None:
    scene.deploy()
    migrations = len(scene.cloud.one_off)
    record = scene.rollback()
    assert scene.live() == scene.old
    assert list(record.seconds) == ["raise", "settle", "verify", "smoke", "flip", "lower"]
    assert len(scene.cloud.one_off) == migrations
    assert scene.cloud.outages == []


def test_a_rollback_of_a_rollback_brings_the_newer_image_back(scene: Scene) -> None:
    scene.deploy()
    scene.rollback()
    scene.rollback()
    assert scene.live() == scene.new


def test_an_earlier_image_that_does_not_start_any_more_leaves_the_newer_one(scene: Scene) -> None:
    scene.deploy()
    scene.cloud.manners[scene.old] = Manner.CRASHES
    with pytest.raises(UnfitError):
        scene.rollback()
    assert scene.live() == scene.new
    assert scene.cloud.outages == []


def test_without_an_earlier_release_there_is_no_way_back(scene: Scene) -> None:
    with pytest.raises(RefusedError, match="auth has no earlier release to go back to"):
        scene.rollback()


def test_records_stay_within_one_parameter_and_keep_the_newest(scene: Scene) -> None:
    for number in range(10, 24):
        scene.deploy(scene.cloud.image("auth", number))
    kept = scene.records()
    assert 3 <= len(kept) <= 10
    assert kept[0].image == scene.live()
    assert kept[0].seconds["watch"] >= 45
    assert kept[0].who.endswith("accunode-deployer/anna")
