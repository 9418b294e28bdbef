"""The commands around releases, run as the shell would: secrets, snapshots and drills, scaling, alarms."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from infra.cli.tests.scripted.cloud import Stack
from infra.cli.tests.scripted.conftest import Scene
from infra.cli.tests.scripted.operations import BOOT
from infra.cli.tests.scripted.wire import Fault, Killed
from typer.testing import Result

from accunode_common.scaling import shipped_policy
from accunode_infra.release import deploy
from accunode_infra.release.record import Outcome, Record

Command = Callable[..., Result]
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"


@pytest.fixture
def data(scene: Scene) -> Scene:
    """An environment with a database that has one snapshot, a migrations image, and no services but auth."""
    cloud = scene.cloud
    cloud.exports |= {"DatabaseHost": "db.internal", "CacheHost": "cache.internal"}
    cloud.exports |= {"DatabaseInstance": "accunode-production-1", "CacheGroup": "accunode-production"}
    cloud.snapshots["rds:accunode-production-1-2026-11-26"] = cloud.clock.now() - timedelta(hours=3)
    cloud.stacks["accunode-production-migrate"].parameters["Image"] = scene.old
    return scene


def test_a_release_is_told_step_by_step_with_its_times_and_as_a_document(scene: Scene, command: Command) -> None:
    told = command("release", "auth", "--image", scene.new, "--watch", "1", "--bake", "0.5")
    assert told.exit_code == 0, told.output
    for step in ("migrate", "raise: green, 2 copies", "settle: 2 of 2 are healthy", "share: 10 % to green", "lower"):
        assert f"auth: {step}" in told.output
    told = command("rollback", "auth", "--json")
    document = json.loads(told.stdout)
    assert document["services"][0]["outcome"] == "rolled back"
    assert document["services"][0]["image"] == scene.old
    assert document["services"][0]["rollback_seconds"] > 0


def test_what_is_refused_ends_with_three_and_one_sentence(scene: Scene, command: Command) -> None:
    told = command("release", "auth", "--image", "sha256:" + "f" * 64)
    assert told.exit_code == 3
    assert "Traceback" not in told.output
    assert command("release", "gateway").exit_code == 2
    assert command("release", "--image", scene.new).exit_code == 2


def test_a_lock_is_shown_before_it_is_broken(scene: Scene, command: Command) -> None:
    scene.cloud.clock.sleep(1)
    holder = {"who": "ben", "where": "elsewhere", "process": 7, "what": "deploy", "service": "tenants", "step": "watch"}
    now = scene.cloud.clock.now().isoformat()
    scene.cloud.ssm["/accunode/production/lock"] = (json.dumps(holder | {"since": now, "renewed": now}), 1)
    assert command("release", "auth", "--image", scene.new).exit_code == 3
    told = command("release", "auth", "--image", scene.new, "--break-lock", "--yes")
    assert told.exit_code == 0, told.output
    assert "The lock: ben on elsewhere has held it since" in told.output


def test_secrets_are_put_from_standard_input_and_never_printed(
    scene: Scene, command: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("secrets") / "mail-url"
    file.write_text("smtp://user:hunter2@mail.example.com\n")
    outputs = [
        command("secrets", "init").output,
        command("secrets", "put", "auth/mail-url", "--file", str(file)).output,
    ]
    listed = command("secrets", "list", "--json")
    outputs.append(listed.output)
    assert scene.cloud.ssm["/accunode/production/auth/mail-url"][0] == "smtp://user:hunter2@mail.example.com"
    assert {"name": "auth/mail-url", "version": 1, "days": 0} in json.loads(listed.stdout)["secrets"]
    for name in scene.cloud.secret:
        assert not any(scene.cloud.ssm[name][0] in each for each in outputs), name
    assert command("secrets", "put", "cache/auth-token", "--file", str(file)).exit_code == 3


def test_a_drill_restores_reads_deletes_and_says_how_long_it_took(data: Scene, command: Command) -> None:
    told = command("dr-test", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["restore_seconds"] >= BOOT.total_seconds()
    assert found["recovery_seconds"] == found["restore_seconds"] + found["check_seconds"]
    assert found["age_seconds"] >= 3 * 3600
    assert data.cloud.instances == {}


def test_a_drill_that_fails_deletes_what_it_restored_too(data: Scene, command: Command) -> None:
    data.cloud.migration_exit = 1
    told = command("dr-test")
    assert told.exit_code == 1
    assert "one-off task failed" in told.output
    assert data.cloud.instances == {}


def test_what_a_killed_drill_left_is_deleted_by_the_next(data: Scene, command: Command) -> None:
    wire = data.process()
    wire.kill_at = 6
    with pytest.raises(Killed):
        command("dr-test")
    left = list(data.cloud.instances)
    assert left
    data.process()
    told = command("dr-test")
    assert f"Deleting {left[0]}" in told.output
    assert data.cloud.instances == {}


def test_a_snapshot_is_taken_and_listed(data: Scene, command: Command) -> None:
    name = json.loads(command("db", "snapshot", "--json").stdout)["snapshot"]
    listed = json.loads(command("db", "snapshots", "--json").stdout)
    assert [each["name"] for each in listed] == [name, "rds:accunode-production-1-2026-11-26"]


def test_restoring_in_place_wants_the_environments_name_and_keeps_what_was_there(data: Scene, command: Command) -> None:
    for service in ("tenants", "predictions", "bulk-upload"):
        data.cloud.add_service(service)
        data.cloud.state(service).update(BlueImage=data.cloud.image(service, 1), BlueCount="2")
    for name in ("worker", "relay"):
        data.cloud.stacks[f"accunode-production-{name}"].parameters.update(
            Image=data.cloud.image("worker", 1), DesiredCount="2"
        )
    for stack in data.cloud.stacks.values():
        data.cloud.apply(stack, data.cloud.clock.now())
    data.cloud.settle()
    servers = {name: data.cloud.exports.pop(name) for name in ("DatabaseHost", "CacheHost")}
    command("secrets", "init")
    data.cloud.exports |= servers
    command("secrets", "init")
    restore = ("db", "restore", "--in-place")
    assert command(*restore, "--confirm", "staging").exit_code == 3
    data.cloud.importers = ["accunode-production-backup"]
    told = command(*restore, "--confirm", "production")
    assert told.exit_code == 3
    assert "accunode-production-backup import the database's name" in told.output
    data.cloud.importers = []
    data.process(
        observe=lambda name: data.cloud.exports.update(DatabaseHost="new.internal") if _replaced(data) else None
    )
    told = command(*restore, "--confirm", "production")
    assert told.exit_code == 0, told.output
    parameters = data.cloud.stacks["accunode-production-data"].parameters
    assert parameters["Generation"] == "2"
    assert parameters["SnapshotIdentifier"] == "rds:accunode-production-1-2026-11-26"
    assert parameters["DeletionProtection"] == "true"
    assert "@new.internal:5432/" in data.cloud.ssm["/accunode/production/worker/database-url"][0]
    assert len(data.cloud.snapshots) == 2
    assert len(data.cloud.started) == 6
    assert command(*restore, "--to", "2026-11-26T23:00:00", "--confirm", "production").exit_code == 3
    told = command(*restore, "--to", "2026-11-26T11:00:00", "--confirm", "production")
    assert told.exit_code == 0, told.output
    assert parameters_of(data)["Generation"] == "3"
    assert parameters_of(data)["SnapshotIdentifier"].startswith("accunode-production-moment-")
    assert data.cloud.instances == {}


def parameters_of(scene: Scene) -> dict[str, str]:
    """The parameters of the data stack."""
    return scene.cloud.stacks["accunode-production-data"].parameters


def _replaced(scene: Scene) -> bool:
    return scene.cloud.stacks["accunode-production-data"].parameters["Generation"] == "2"


def test_limits_are_set_within_the_policys_and_differences_are_told(scene: Scene, command: Command) -> None:
    policy = shipped_policy().api
    told = command("scale", "auth", "--max", str(policy.maximum + 1))
    assert told.exit_code == 3
    assert f"may have {policy.minimum} to {policy.maximum} copies by the policy" in told.output
    scene.cloud.services["accunode-production-auth-blue"].desired = 4
    scene.process(observe=lambda _: scene.cloud.clock.sleep(20))  # longer than a lock goes without being renewed
    found = json.loads(command("scale", "auth", "--max", "3", "--json").stdout)[0]
    assert found["standing"] == {"minimum": 2, "maximum": 3}
    assert found["wanted"] == 3, "the copies beyond the new limit go"
    assert found["differences"] == ["the stack has 2 to 3, the policy 2 to 4"]
    assert scene.cloud.state("auth")["BlueImage"] == scene.old


def test_the_policys_advice_is_shown(scene: Scene, command: Command) -> None:
    scene.cloud.measured = 85.0
    found = json.loads(command("scale", "auth", "--json").stdout)[0]
    assert found["advised"] == 3
    assert "85" in found["reason"]
    assert command("scale", "relay").exit_code == 3


def test_alarms_are_fired_heard_and_put_back(scene: Scene, command: Command) -> None:
    scene.cloud.alarms["accunode-production-edge-5xx"] = ("OK", [TOPIC])
    before = dict(scene.cloud.alarms)
    told = command("alarms", "test", "accunode-production-edge-5xx", "--yes", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)[0]["said"] == f"Successfully executed action {TOPIC}"
    assert scene.cloud.alarms == before


def test_an_alarm_that_nobody_hears_ends_the_test_with_four(scene: Scene, command: Command) -> None:
    scene.cloud.alarms["accunode-production-edge-5xx"] = ("INSUFFICIENT_DATA", [TOPIC])
    scene.cloud.unheard.add("accunode-production-edge-5xx")
    before = dict(scene.cloud.alarms)
    told = command("alarms", "test", "--yes")
    assert told.exit_code == 4
    assert "Not heard: accunode-production-edge-5xx" in told.output
    assert scene.cloud.alarms == before
    assert not any("cpu-low" in name for name, _ in scene.cloud.heard), "what scales is not fired"


def test_an_alarm_is_put_back_even_when_its_test_fails(scene: Scene, command: Command) -> None:
    scene.cloud.alarms["accunode-production-edge-5xx"] = ("OK", [TOPIC])
    scene.process().faults.append(Fault("cloudwatch.DescribeAlarmHistory", "AccessDenied"))
    assert command("alarms", "test", "accunode-production-edge-5xx", "--yes").exit_code == 3
    assert scene.cloud.alarms["accunode-production-edge-5xx"] == ("OK", [TOPIC])


def test_images_that_a_slot_or_a_record_names_are_never_pruned(scene: Scene, command: Command) -> None:
    scene.deploy()
    third = scene.cloud.image("auth", 3)
    others = [scene.cloud.image("auth", number) for number in range(4, 8)]
    told = command("images", "prune", "--keep", "2", "--yes", "--json")
    assert told.exit_code == 0, told.output
    deleted = json.loads(told.stdout)["deleted"]
    assert [each.partition("@")[2] for each in deleted] == [
        each.partition("@")[2] for each in (others[1], others[0], third)
    ]
    assert {scene.old, scene.new} <= set(scene.cloud.tags.values())


def test_images_that_a_record_of_another_environment_names_are_never_pruned(scene: Scene, command: Command) -> None:
    scene.deploy()
    serving, earlier = scene.cloud.image("auth", 3), scene.cloud.image("auth", 4)
    scene.cloud.image("auth", 5)
    staging = {"Environment": "staging", "BlueImage": serving}
    scene.cloud.stacks["accunode-staging-service-auth"] = Stack("accunode-staging-service-auth", staging)
    record = Record(
        "deploy", "ben", "4", serving, earlier, scene.cloud.clock.now().isoformat(), outcome=Outcome.DEPLOYED
    )
    scene.cloud.ssm["/accunode/staging/deployments/auth"] = (json.dumps([asdict(record)]), 1)
    assert json.loads(command("images", "prune", "--keep", "1", "--yes", "--json").stdout)["deleted"] == []
    del scene.cloud.ssm["/accunode/staging/deployments/auth"]
    deleted = json.loads(command("images", "prune", "--keep", "1", "--yes", "--json").stdout)["deleted"]
    assert [each.partition("@")[2] for each in deleted] == [earlier.partition("@")[2]]


def test_a_slot_whose_image_is_gone_is_told(scene: Scene, command: Command) -> None:
    scene.cloud.tags = {tag: image for tag, image in scene.cloud.tags.items() if image != scene.old}
    told = command("images", "list")
    assert told.exit_code == 1
    assert "accunode-production-service-auth name images that the registry does not have any more" in told.output


def test_deploy_with_a_service_releases_it(scene: Scene, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "revision", lambda: "0123456789ab-dirty")
    told = command("deploy", "--service", "auth")
    assert told.exit_code == 3
    assert "Files differ from the commit" in told.output
