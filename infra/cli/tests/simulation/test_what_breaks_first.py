"""What is said to break first."""

from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.limits import Limits
from accunode_infra.simulation.report import broken


def test_what_breaks_first_is_what_reached_its_limit_first_not_what_exceeded_it_most() -> None:
    limits = Limits()
    for minute, (database, workers, credit) in enumerate([(0.5, 0.2, 0.9), (1.0, 0.9, 0.9), (0.7, 3.0, 0.9)], start=1):
        limits.see("database", 60.0 * minute, database)
        limits.see("workers", 60.0 * minute, workers)
        limits.see("credits", 60.0 * minute, credit)
    assert [limit.name for limit in limits.every] == ["database", "workers", "credits"]
    assert limits.first is not None
    assert (limits.first.name, limits.first.reached, limits.first.minutes) == ("database", 120.0, 1)
    assert broken(limits.first) == "database (00:02, 1 min)"


def test_nothing_breaks_when_no_limit_is_reached() -> None:
    limits = Limits()
    limits.see("database", 60.0, 0.99)
    assert broken(limits.first) == "nothing"


def test_credits_are_at_their_limit_once_they_cost_money_or_speed() -> None:
    unlimited = Credits(vcpus=2, earned_per_hour=24, unlimited=True)
    unlimited.pass_time(24 + 288, 60)
    assert unlimited.strain == 0.5
    unlimited.pass_time(24 + 300, 60)
    assert unlimited.strain == 1
    standard = Credits(vcpus=2, earned_per_hour=24, unlimited=False, balance=288)
    assert standard.strain == 0.5
    standard.pass_time(24 + 288, 60)
    assert (standard.strain, standard.usable) == (1, 0.4)
