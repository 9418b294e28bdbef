"""What a release refuses before it has done anything."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta

import pytest
from infra.cli.tests.scripted.conftest import Scene

from accunode_infra.errors import FailedError, RefusedError, UsageError
from accunode_infra.release import deploy as releasing
from accunode_infra.release.lock import Holder, Lock, held
from accunode_infra.release.services import deployable


def refused(scene: Scene, match: str, **options: object) -> None:
    """A deploy is refused with a sentence, and nothing has changed."""
    before = dict(scene.cloud.state("auth"))
    wire = scene.process()
    with pytest.raises(RefusedError, match=match):
        scene.deploy(**options)
    assert scene.cloud.state("auth") == before
    assert not {"cloudformation.UpdateStack", "ecs.RunTask"} & set(wire.calls)
    assert scene.records() == []


@pytest.mark.parametrize(("revision", "words"), [("0123456789ab-dirty", "commit them first"), ("unknown", "--image")])
def test_a_tree_that_is_no_commit_is_refused(
    revision: str, words: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releasing, "revision", lambda: revision)
    scene.new = ""
    refused(scene, words)
    assert held(scene.site()) is None


def test_a_tag_that_stands_for_another_digest_is_refused(scene: Scene) -> None:
    other = scene.cloud.image("auth", 7, tag="0123456789ab")
    digest = scene.new.partition("@")[2]
    refused(scene, "0123456789ab stands for sha256:0000", image=f"accunode/auth:0123456789ab@{digest}")
    assert other != scene.new


def test_an_image_that_the_registry_does_not_have_is_refused(scene: Scene) -> None:
    refused(scene, "holds no image sha256:ffff", image="sha256:" + "f" * 64)
    assert held(scene.site()) is None


def test_an_image_of_another_service_is_refused(scene: Scene) -> None:
    refused(scene, "is not an image of accunode/auth", image=scene.cloud.image("tenants", 5))


def test_an_image_for_other_processors_than_the_nodes_have_is_refused(scene: Scene) -> None:
    scene.cloud.instance_architecture = "arm64"
    refused(scene, r"instances of accunode-production-api are arm64 and .* is made for x86_64")


def test_critical_findings_are_refused_until_each_is_accepted(scene: Scene) -> None:
    scene.cloud.critical[scene.new] = ["CVE-2026-0001", "CVE-2026-0002"]
    refused(scene, "found 1 critical: CVE-2026-0002", accepted=["CVE-2026-0001"])
    scene.deploy(accepted=["CVE-2026-0001", "CVE-2026-0002"])
    assert scene.live() == scene.new


def test_an_alarm_that_fires_already_is_refused_and_not_held_against_the_release_that_mends_it(scene: Scene) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:alerts"
    scene.cloud.alarms["accunode-production-edge-5xx"] = ("ALARM", [topic])
    refused(scene, "fire before the release: accunode-production-edge-5xx")
    scene.deploy(despite_alarms=True)
    assert scene.live() == scene.new


def test_a_service_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"no service gateway: they are auth, .*, worker, relay"):
        deployable("gateway")


def test_a_service_whose_stack_was_never_made_is_refused(scene: Scene) -> None:
    scene.cloud.image("predictions", 1)
    with pytest.raises(RefusedError, match="accunode-production-service-predictions does not exist"):
        scene.deploy("predictions-1", service="predictions")
    assert held(scene.site()) is None


def test_a_stack_that_could_not_be_taken_back_is_refused_with_the_way_out(scene: Scene) -> None:
    scene.cloud.stacks["accunode-production-service-auth"].status = "UPDATE_ROLLBACK_FAILED"
    refused(scene, "continue-update-rollback --stack-name accunode-production-service-auth")


def test_a_second_release_is_refused_while_the_first_holds_the_lock(scene: Scene) -> None:
    site = scene.site()
    Lock(site, Holder("ben", "elsewhere", 7, "deploy", "tenants", _now(scene), _now(scene), "watch")).take()
    refused(scene, r"ben on elsewhere has held it since .* for deploy tenants, last heard of at .* \(watch\)")
    scene.deploy(break_lock=True)
    assert scene.live() == scene.new


def test_a_lock_that_nobody_renews_is_nobodys(scene: Scene) -> None:
    Lock(scene.site(), Holder("ben", "elsewhere", 7, "deploy", "tenants", _now(scene), _now(scene))).take()
    scene.cloud.clock.sleep(timedelta(minutes=16).total_seconds())
    scene.deploy()
    assert scene.live() == scene.new


def test_a_lock_of_a_process_that_was_killed_here_gives_way_and_one_that_lives_does_not(scene: Scene) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        here = Holder("ben", socket.gethostname(), process.pid, "deploy", "tenants", _now(scene), _now(scene), "watch")
        Lock(scene.site(), here).take()
        refused(scene, "ben on .* has held it since")
        process.kill()
    scene.deploy()
    assert scene.live() == scene.new


def test_a_release_that_stopped_half_way_is_gone_on_with_by_anybody_and_blocks_other_services(scene: Scene) -> None:
    at = _now(scene)
    Lock(scene.site(), Holder("ben", "elsewhere", 7, "deploy", "auth", at, at, "watch", stopped=True)).take()
    scene.cloud.image("tenants", 1)
    with pytest.raises(RefusedError, match="stopped at: watch"):
        scene.deploy("tenants-1", service="tenants")
    scene.deploy()
    assert scene.live() == scene.new


def test_a_release_whose_lock_was_broken_stops_before_its_next_step(scene: Scene) -> None:
    broken = False

    def break_it(_: str) -> None:
        nonlocal broken
        if scene.cloud.state("auth")["GreenWeight"] == "10" and not broken:
            broken = True
            thief = Holder("ben", "elsewhere", 7, "rollback", "auth", _now(scene), _now(scene))
            wire, scene.exchange.wire = scene.exchange.wire, None
            scene.process()
            Lock(scene.site(), thief).take(force=True)
            scene.exchange.wire = wire

    scene.process(observe=break_it)
    with pytest.raises(FailedError, match=r"lock was taken from this release.*ben on elsewhere"):
        scene.deploy()
    assert scene.cloud.state("auth")["GreenWeight"] == "10", "it stopped where it was"
    found = held(scene.site())
    assert found is not None
    assert found[0].who == "ben", "the lock stays the new holder's"


def test_a_lock_that_is_broken_between_a_look_and_a_write_is_noticed(scene: Scene) -> None:
    lock = Lock(scene.site(), Holder.here(scene.site(), "deploy", "auth"))
    lock.take()
    name = "/accunode/production/lock"
    thief = Holder("ben", "elsewhere", 7, "rollback", "auth", _now(scene), _now(scene))

    def break_it(call: str) -> None:
        if call == "ssm.PutParameter":
            scene.cloud.ssm[name] = (json.dumps(asdict(thief)), scene.cloud.ssm[name][1] + 1)

    scene.process(observe=break_it)
    with pytest.raises(FailedError, match="took the lock"):
        lock.at("flip")


def _now(scene: Scene) -> str:
    return scene.cloud.clock.now().isoformat(timespec="seconds")


def test_the_image_that_serves_already_is_looked_at_and_nothing_changed(scene: Scene) -> None:
    before = dict(scene.cloud.state("auth"))
    assert scene.deploy(scene.old) is None
    assert scene.cloud.state("auth") == before
    assert scene.records() == []
    assert held(scene.site()) is None
