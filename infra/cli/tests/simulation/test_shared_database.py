"""The database that requests and tasks share."""

import pytest

from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.database import MOST, Database


def _database() -> Database:
    return Database(Credits(vcpus=2, earned_per_hour=12, unlimited=True))


def test_tasks_that_want_less_than_there_is_are_not_slowed() -> None:
    assert _database().task_slowness(0, 0.0) == 1
    assert _database().task_slowness(2, 1.0) == 1


@pytest.mark.parametrize("tasks", [5, 8, 12])
def test_tasks_that_want_more_use_all_there_is_and_no_more(tasks: int) -> None:
    database, share = _database(), 0.55
    database.pass_minute(requests=0.5 * 60, tasks=0)
    slowness = database.task_slowness(tasks, tasks * share)
    assert slowness > 1
    # Each task's part of the database in the time that it takes in all.
    used = tasks * share / (1 - share + share * slowness)
    assert used == pytest.approx(MOST * 2 - 0.5)


def test_requests_wait_for_tasks_and_for_each_other() -> None:
    database = _database()
    alone = database.request_slowness(0, 0.0)
    database.pass_minute(requests=1.2 * 60, tasks=0)
    among_others = database.request_slowness(0, 0.0)
    # M/M/2 with 0.6 of it in use: 1 / (1 - 0.6^2) times as long.
    assert (alone, among_others) == (1, pytest.approx(1 / (1 - 0.36)))
    assert database.request_slowness(12, 6.6) > among_others


def test_no_more_is_used_than_there_is() -> None:
    database = _database()
    database.pass_minute(requests=100, tasks=100)
    assert database.busy == 1
    assert database.credits.surplus == pytest.approx(2 - 0.2)
