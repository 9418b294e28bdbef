"""What `status` and `drift` say of what stands, and what `db restore` refuses before it makes anything."""

import json
from collections.abc import Callable

from infra.cli.tests.scripted.conftest import Scene
from typer.testing import Result

Command = Callable[..., Result]


def test_status_tells_each_services_last_releases(scene: Scene, command: Command) -> None:
    assert command("release", "auth", "--image", scene.new, "--watch", "1", "--bake", "0.5").exit_code == 0
    assert command("rollback", "auth").exit_code == 0
    taken_back, released = (
        each for each in json.loads(command("status", "--json").stdout)["releases"] if each["service"] == "auth"
    )
    assert (released["kind"], released["image"]) == ("deploy", scene.new)
    assert (taken_back["kind"], taken_back["outcome"]) == ("rollback", "rolled back")
    assert taken_back["started"] > released["started"]
    told = command("status").output
    assert "Last releases" in told
    line = next(each for each in told.splitlines() if "rolled back" in each)
    assert line.startswith("auth")
    assert released["who"] in line


def test_an_environment_of_which_nothing_stands_is_called_that(scene: Scene, command: Command) -> None:
    scene.process()
    told = command("status", "--env", "nowhere")
    assert told.exit_code == 0
    assert "Nothing stands of nowhere in us-east-1." in told.output
    told = command("drift", "--env", "nowhere")
    assert told.exit_code == 4
    assert "Nothing stands of nowhere in us-east-1" in told.stderr
    told = command("drift", "cost")
    assert told.exit_code == 4
    assert "Nothing stands of cost of production" in told.stderr


def test_a_restore_that_nobody_can_end_is_refused_before_anything_is_made(scene: Scene, command: Command) -> None:
    wire = scene.process()
    told = command("db", "restore", "--to", "2026-11-26T11:00:00")
    assert told.exit_code == 2
    assert "nobody is here to answer: give --yes" in told.stderr
    assert wire.calls == []
