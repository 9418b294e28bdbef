"""The API's queues against the closed forms of queueing theory.

Seeds are fixed; the tolerances are several standard errors of the mean of a correlated sample of that length.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from accunode_infra.simulation.queueing import Vector, crowding, erlang_c, mean_wait, serve, serve_in_turn

CUSTOMERS = 1_000_000


def _poisson(random: Generator, rate: float, count: int) -> Vector:
    return np.cumsum(random.exponential(1 / rate, count))


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_waits_at_one_server_are_those_of_m_m_1(load: float) -> None:
    random = default_rng(1)
    arrivals = _poisson(random, load, CUSTOMERS)
    waits = serve(arrivals, random.exponential(1.0, CUSTOMERS), 0.0, arrivals[-1]).waits
    assert np.mean(waits) == pytest.approx(mean_wait(1, load, 1.0), rel=0.03)
    # A customer waits longer than t with probability load * exp(-(1 - load) t).
    for beyond in (0.0, 1.0, 3.0):
        assert np.mean(waits > beyond) == pytest.approx(load * np.exp(-(1 - load) * beyond), rel=0.03)


def test_waits_with_a_general_service_time_are_those_of_pollaczek_and_khinchine() -> None:
    random = default_rng(2)
    load, spread = 0.7, 1.5
    services = random.lognormal(-(spread**2) / 2, spread, CUSTOMERS)
    arrivals = _poisson(random, load, CUSTOMERS)
    waits = serve(arrivals, services, 0.0, arrivals[-1]).waits
    expected = load * np.mean(services**2) / (2 * np.mean(services) * (1 - load * np.mean(services)))
    assert np.mean(waits) == pytest.approx(expected, rel=0.05)


def test_cutting_time_into_minutes_changes_no_wait() -> None:
    random = default_rng(3)
    arrivals, services = np.sort(random.uniform(0, 600, 5000)), random.exponential(0.11, 5000)
    whole = serve(arrivals, services, 5.0, 600.0)
    waits, backlog = [], 5.0
    for minute in range(10):
        own = (arrivals >= 60 * minute) & (arrivals < 60 * (minute + 1))
        stretch = serve(arrivals[own] - 60 * minute, services[own], backlog, 60.0)
        waits.append(stretch.waits)
        backlog = stretch.backlog
    assert np.concatenate(waits) == pytest.approx(whole.waits)
    assert backlog == pytest.approx(whole.backlog)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 5)), max_size=40), st.floats(0, 30), st.integers(1, 4))
def test_every_second_of_work_is_done_or_left(
    customers: list[tuple[float, float]], backlog: float, servers: int
) -> None:
    arrivals = np.array(sorted(at for at, _ in customers))
    services = np.array([work for _, work in customers])
    backlogs = [backlog] * servers
    waits = serve_in_turn(arrivals, services, backlogs, 60.0)
    assert (waits >= 0).all()
    offered = services.sum() + servers * backlog
    assert offered - 60 * servers - 1e-6 <= sum(backlogs) <= offered + 1e-6
    for number in range(servers):
        # Nobody of a server is served before the one in front of them has left.
        begins = (arrivals + waits)[number::servers]
        assert (begins[1:] >= (begins + services[number::servers])[:-1] - 1e-6).all()


def test_erlang_c_gives_the_tabulated_probability() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    # 2 servers: C = a^2 / (2 + a).
    assert erlang_c(2, 1.2) == pytest.approx(1.2**2 / 3.2)
    assert erlang_c(200, 180.0) == pytest.approx(0.0909, abs=0.01)


@pytest.mark.parametrize("load", [2.0, 3.5])
def test_erlang_c_refuses_a_load_without_a_steady_state(load: float) -> None:
    with pytest.raises(ValueError, match="no steady state with 2 servers"):
        erlang_c(2, load)


def test_a_machine_slows_down_only_when_more_work_than_it_has_processors() -> None:
    assert crowding(np.zeros(3), 2) == 1.0
    assert crowding(np.array([1.0]), 2) == 1.0
    assert crowding(np.array([1.0, 1.0, 1.0]), 2) == 2.0
    assert crowding(np.array([0.5, 0.5]), 1) == pytest.approx(0.25 * 1 + 0.5 * 2 + 0.25 * 3)
