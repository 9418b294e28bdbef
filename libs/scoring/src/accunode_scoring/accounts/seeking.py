"""The smallest change along a company's levers that brings its probability of default below a limit.

Every state is scored, so that the answer holds for any model, monotone or not: a grid over all levers at once, then
each lever is taken back as far as the limit allows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.accounts.levers import Company, States

Vector = NDArray[np.float64]
Score = Callable[[Vector], Vector]

_MOST_ROWS = 4096
_LINE = 40
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Way:
    """Shares by lever, the inputs after moving them, and the probability of default of these."""

    shares: Vector
    row: Vector
    pd: float


@dataclass(frozen=True, slots=True)
class Found:
    """The smallest way to the limit, or the best that can be reached; and of each lever the way by it alone, if any."""

    reached: bool
    way: Way
    alone: tuple[Way | None, ...]


def seek(company: Company, score: Score, limit: float, *, may_lose: bool) -> Found:
    """Look for probabilities below `limit`; a limit of 1 holds for all.

    `score` gives probabilities of inputs of shape (n, columns). Sizes of changes are sums of shares. Unless `may_lose`,
    a state whose operations lose money reaches nothing.
    """
    levers = company.levers

    def tried(shares: Vector) -> tuple[States, Vector, NDArray[np.bool_]]:
        states = company.states(shares)
        pds = np.full(len(shares), np.inf)
        if states.possible.any():
            pds[states.possible] = score(states.rows[states.possible])
        reaching = (pds < limit) if limit < 1.0 else (pds <= limit)
        return states, pds, reaching if may_lose else reaching & ~states.losing

    grid = _grid(np.array([lever.most for lever in levers]))
    states, pds, reaching = tried(grid)
    now = float(pds[0])
    if now < limit or limit >= 1.0 or not levers:
        return Found(now < limit or limit >= 1.0, Way(grid[0], states.rows[0], now), (None,) * len(levers))
    alone = []
    for place in range(len(levers)):
        line = np.flatnonzero(reaching & (grid[:, place] > 0.0) & (np.count_nonzero(grid, axis=1) == 1))
        first = grid[line[np.argmin(grid[line, place])]] if len(line) else None
        alone.append(None if first is None else _taken_back(first, tried))
    ways = [way for way in alone if way is not None]
    if reaching.any():
        ways.append(_taken_back(grid[np.argmin(np.where(reaching, grid.sum(axis=1), np.inf))], tried))
        best = min(ways, key=lambda way: float(way.shares.sum()))
        return Found(True, best, tuple(alone))
    order = np.lexsort((grid.sum(axis=1), np.where(states.losing & ~may_lose & ~states.losing[0], np.inf, pds)))
    best_place = int(order[0])
    return Found(False, Way(grid[best_place], states.rows[best_place], float(pds[best_place])), tuple(alone))


def _grid(most: Vector) -> Vector:
    """Shares of all levers, shape (n, levers), denser near zero; the first row is zero."""
    if not len(most):
        return np.zeros((1, 0))
    steps = min(int(_MOST_ROWS ** (1.0 / len(most))), _LINE)
    levels = np.linspace(0.0, 1.0, steps) ** 2.0
    lines = np.linspace(0.0, 1.0, _LINE) ** 2.0
    full = np.stack(np.meshgrid(*[levels] * len(most), indexing="ij"), axis=-1).reshape(-1, len(most))
    alone = np.concatenate([np.outer(lines[1:], unit) for unit in np.eye(len(most))])
    grid: Vector = np.concatenate([full, alone]) * most
    return grid


def _taken_back(shares: Vector, tried: Callable[[Vector], tuple[States, Vector, NDArray[np.bool_]]]) -> Way:
    """A state that reaches, with each lever, the largest first, as small as it may be."""
    now = shares.copy()
    for place in np.argsort(-shares):
        low, high = 0.0, now[place]
        for _ in range(_ROUNDS):
            if high == low:
                break
            rows = np.repeat(now[None, :], _LINE, axis=0)
            rows[:, place] = np.linspace(low, high, _LINE)
            first = int(np.argmax(tried(rows)[2]))
            high, low = rows[first, place], rows[max(first - 1, 0), place]
            now[place] = high
    states, pds, _ = tried(now[None, :])
    return Way(now, states.rows[0], float(pds[0]))
