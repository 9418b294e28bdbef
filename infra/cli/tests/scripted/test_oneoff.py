"""One-off tasks: what they run, and when an earlier one counts."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from infra.cli.tests.scripted.conftest import Scene
from infra.cli.tests.scripted.fleet import new_task

from accunode_infra.doctor.reach import reach
from accunode_infra.release import oneoff
from accunode_infra.release.site import Site, UnfitError
from accunode_infra.templates import load
from accunode_infra.verify.phase2 import look_inside


@pytest.mark.parametrize("look", [look_inside, reach])
def test_a_look_from_inside_runs_a_module_by_the_entry_point_of_the_task(
    scene: Scene, look: Callable[[Site], object]
) -> None:
    asked: list[dict[str, Any]] = []
    model = scene.process().model
    start = model.ecs_run_task
    model.ecs_run_task = lambda request: asked.append(request) or start(request)
    look(scene.site())
    definition = load("migrate")["Resources"]["TaskDefinition"]["Properties"]
    command = asked[0]["overrides"]["containerOverrides"][0]["command"]
    assert definition["ContainerDefinitions"][0]["EntryPoint"] == ["python", "-m"]
    assert [find_spec(name) is not None for name in command] == [True]


def test_a_task_of_the_same_key_counts_unless_it_failed(scene: Scene) -> None:
    first = oneoff.run(scene.site(), "once")
    assert oneoff.run(scene.site(), "once").arn == first.arn
    scene.cloud.migration_exit = 1
    with pytest.raises(UnfitError):
        oneoff.run(scene.site(), "twice")
    scene.cloud.migration_exit = 0
    assert oneoff.run(scene.site(), "twice").lines


def test_a_task_that_never_started_is_started_anew(scene: Scene) -> None:
    now = scene.cloud.clock.now()
    unstarted = new_task("migrate:1", scene.old, now, "once")
    unstarted.stopped, unstarted.code, unstarted.reason = now, "TaskFailedToStart", "CannotPullContainerError"
    scene.cloud.one_off.append(unstarted)
    assert oneoff.run(scene.site(), "once").arn != unstarted.arn


def test_a_task_that_ecs_does_not_describe_yet_is_waited_for(scene: Scene) -> None:
    model = scene.process().model
    describe, hidden = model.ecs_describe_tasks, [{"tasks": [], "failures": [{"reason": "MISSING"}]}]
    model.ecs_describe_tasks = lambda request: hidden.pop() if hidden else describe(request)
    assert oneoff.run(scene.site(), "once").arn == scene.cloud.one_off[0].arn
