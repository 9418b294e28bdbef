"""The workers' queue against Erlang's formula, and what must hold whatever happens."""

from collections.abc import Generator

import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accunode_common.tasks.messages import Queue
from accunode_infra.simulation.board import Board, Task
from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.queueing import mean_wait
from accunode_infra.simulation.workers import Launching, Workers

AT_ONCE = Launching(instance=lambda: 0.0, worker=lambda: 0.0, release=lambda: 0.0)
TASKS = 150_000


def _plenty() -> Credits:
    return Credits(vcpus=2, earned_per_hour=1e9, unlimited=True)


@pytest.mark.parametrize(("instances", "processes", "load"), [(1, 1, 0.7), (3, 1, 2.4), (2, 2, 3.2), (6, 2, 9.0)])
def test_waits_in_the_queue_are_those_of_m_m_c(instances: int, processes: int, load: float) -> None:
    """Seeded; 5 % is some three standard errors of the mean of so many correlated waits, found by other seeds."""
    random = np.random.default_rng(11)
    env = simpy.Environment()
    board, waits = Board(env), []
    workers = Workers(
        env,
        board,
        processes=processes,
        launching=AT_ONCE,
        new_credits=_plenty,
        started=lambda _, wait: waits.append(wait),
    )
    workers.begin(instances)

    def arrive() -> Generator[simpy.Event]:
        for pause, seconds in zip(random.exponential(1 / load, TASKS), random.exponential(1, TASKS), strict=True):
            yield env.timeout(pause)
            board.put(Task(Queue.BULK, "any", seconds))

    env.process(arrive())
    env.run()
    assert len(waits) == TASKS
    assert np.mean(waits) == pytest.approx(mean_wait(instances * processes, load, 1.0), rel=0.05)


def test_a_small_task_overtakes_a_full_queue_of_another_kind() -> None:
    env = simpy.Environment()
    board, order = Board(env), []
    workers = Workers(
        env,
        board,
        processes=1,
        launching=AT_ONCE,
        new_credits=_plenty,
        started=lambda task, _: order.append(task.queue),
    )
    for _ in range(100):
        board.put(Task(Queue.BULK, "large", 10))
    board.put(Task(Queue.INTERACTIVE, "small", 1))
    workers.begin(1)
    env.run()
    assert order.index(Queue.INTERACTIVE) <= 1


tasks = st.tuples(st.sampled_from(Queue), st.floats(0, 300), st.floats(0, 90))
scalings = st.tuples(st.floats(0, 600), st.integers(0, 6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(tasks, max_size=60), st.lists(scalings, max_size=12), st.floats(0, 700), st.integers(1, 3))
def test_what_arrived_is_done_or_runs_or_waits_at_any_time(
    tasks: list[tuple[Queue, float, float]], scalings: list[tuple[float, int]], looked_at: float, processes: int
) -> None:
    env = simpy.Environment()
    board, ended = Board(env), []
    launching = Launching(instance=lambda: 40.0, worker=lambda: 5.0, release=lambda: 30.0)
    workers = Workers(env, board, processes=processes, launching=launching, new_credits=_plenty)

    def arrive(queue: Queue, at: float, seconds: float) -> Generator[simpy.Event]:
        yield env.timeout(at)
        board.put(Task(queue, "any", seconds, done=lambda: ended.append(env.now)))

    def scale(at: float, capacity: int) -> Generator[simpy.Event]:
        yield env.timeout(at)
        workers.scale_to(capacity)

    for task in tasks:
        env.process(arrive(*task))
    for scaling in scalings:
        env.process(scale(*scaling))
    env.run(until=looked_at + 1e-3)
    assert board.arrived == workers.finished + workers.running + len(board)
    assert len(ended) == workers.finished
    assert all(len(worker.running) <= processes for worker in workers.instances)
    env.run(until=2000)
    workers.scale_to(1)
    env.run()
    # With one worker left, all of it gets done in the end, and no instance stays that should not.
    assert (workers.running, len(board)) == (0, 0)
    assert len(workers.standing) == 1
    assert workers.finished == len(tasks)
