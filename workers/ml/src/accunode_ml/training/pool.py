"""Spreads a model's many small trainings over processes that each hold the accounts once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from accunode_ml.training.data import Accounts

T = TypeVar("T")
Advance = Callable[[str], None]

_held: list[Accounts] = []


def _hold(accounts: Accounts) -> None:
    _held[:] = [accounts]


def _call(work: Callable[..., T], arguments: tuple[object, ...]) -> T:
    return work(_held[0], *arguments)


def run(
    accounts: Accounts,
    work: Callable[..., T],
    tasks: Iterable[tuple[object, ...]],
    advance: Advance,
    label: str,
    processes: int,
) -> list[T]:
    """Results of `work(accounts, *task)` in the order of the tasks; `advance` is called as each ends."""
    if processes == 1:
        results = []
        for task in tasks:
            results.append(work(accounts, *task))
            advance(label)
        return results
    with ProcessPoolExecutor(processes, get_context("spawn"), _hold, (accounts,)) as pool:
        futures = [pool.submit(_call, work, task) for task in tasks]
        for _ in as_completed(futures):
            advance(label)
        return [future.result() for future in futures]
