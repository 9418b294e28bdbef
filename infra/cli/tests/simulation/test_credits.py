"""CPU credits as the EC2 user guide's examples have them."""

import pytest

from accunode_infra.simulation.credits import Credits


def _t3_nano(*, unlimited: bool = True) -> Credits:
    return Credits(vcpus=2, earned_per_hour=6, unlimited=unlimited)


def test_an_idle_instance_keeps_a_day_of_credits_and_no_more() -> None:
    account = _t3_nano()
    account.pass_time(0, 36 * 60)
    assert account.balance == 144


def test_use_above_the_baseline_is_taken_from_the_balance() -> None:
    """The guide's third step: 24 hours of a t3.nano at 7 % use 201.6 credits, 57.6 more than it earns."""
    account = _t3_nano()
    account.pass_time(0, 24 * 60)
    account.pass_time(0.07 * 2 * 24 * 60, 24 * 60)
    assert account.balance == pytest.approx(144 - 57.6)
    assert (account.surplus, account.charged, account.empty_minutes) == (0, 0, 0)


def test_an_unlimited_instance_pays_only_for_what_exceeds_a_day_of_credits() -> None:
    account = _t3_nano()
    account.pass_time(144 + 6, 60)
    assert (account.balance, account.surplus, account.charged) == (0, 144, 0)
    account.pass_time(6 + 10, 60)
    assert (account.surplus, account.charged) == (144, 10)
    account.pass_time(0, 12 * 60)
    assert (account.surplus, account.balance) == (72, 0)
    account.end()
    assert account.charged == 10 + 72


def test_a_standard_instance_falls_to_its_baseline_without_credits() -> None:
    account = _t3_nano(unlimited=False)
    assert account.usable == pytest.approx(0.1)
    account.pass_time(0, 60)
    assert account.usable == 2
    account.pass_time(12, 60)
    assert account.usable == pytest.approx(0.1)
    assert (account.surplus, account.charged) == (0, 0)
