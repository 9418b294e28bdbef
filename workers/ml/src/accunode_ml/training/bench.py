"""`python -m accunode_ml.training.bench`: speed of scoring against LightGBM called directly, in the same run."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Annotated

import lightgbm as lgb
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from accunode_scoring import Kind, ModelLibrary, Scorer
from accunode_scoring.library import SHIPPED_MODELS

Vector = NDArray[np.float64]

_PROCESS = """
import os, resource, sys, time
def rss():
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
import numpy
before, start = rss(), time.process_time()
from accunode_scoring import Kind, ModelLibrary
library = ModelLibrary.load()
scorers = [library.champion(kind) for kind in (Kind.ANNUAL, Kind.QUARTERLY)]
loaded = time.process_time() - start
for scorer in scorers:
    scorer.score({column: 10.0 for column in scorer.columns})
print(loaded, (rss() - before) / 2**20)
"""


def population(scorer: Scorer, rows: int, seed: int = 1) -> Vector:
    """Rows drawn from the stored marginal distributions of a model's inputs, missing as often as there."""
    random = np.random.default_rng(seed)
    x = np.empty((rows, len(scorer.columns)))
    for place, column in enumerate(scorer.columns):
        reference = scorer.model.reference[column]
        quantiles = np.array(reference.quantiles)
        x[:, place] = np.interp(random.random(rows), np.linspace(0, 1, len(quantiles)), quantiles)
        x[random.random(rows) < reference.shares[-1], place] = np.nan
    x[np.isnan(x).all(axis=1), 0] = 0.0
    return x


def best(work: Callable[[], object], times: int) -> float:
    """Shortest processor time of several runs, in seconds: what the machine's other work disturbs least."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def median_call(work: Callable[[], object], calls: int) -> float:
    """Median wall time of one call, in seconds."""
    found = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return float(np.median(found))


def started() -> tuple[float, float]:
    """Processor seconds to import (numpy apart) and load both champions, and megabytes they add, in a new process."""
    command = [sys.executable, "-c", _PROCESS]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
        for _ in range(3)
    ]
    return min(float(run[0]) for run in runs), max(float(run[1]) for run in runs)


def main(rows: Annotated[int, typer.Option(help="rows of the matrix")] = 1_000_000) -> None:
    """Print speeds of the annual champion as numbers and as ratios against LightGBM on the same rows."""
    scorer = ModelLibrary.load().champion(Kind.ANNUAL)
    path = SHIPPED_MODELS / Kind.ANNUAL / scorer.version / "lightgbm_1y.txt"
    booster = lgb.Booster(model_file=path)
    x = population(scorer, rows)
    row = dict(zip(scorer.columns, x[0].tolist(), strict=True))
    features = np.column_stack(scorer.model.feature_set.of_matrix(list(np.ascontiguousarray(x.T))))
    few = features[: max(rows // 50, 1)]
    with threadpool_limits(1):
        scorer.score_matrix(x[:10_000], explain=True)
        explained = rows / best(lambda: scorer.score_matrix(x, explain=True), 3)
        plain = rows / best(lambda: scorer.score_matrix(x), 3)
        predict = rows / best(lambda: booster.predict(features, num_threads=1), 1)
        contributions = len(few) / best(lambda: booster.predict(few, pred_contrib=True, num_threads=1), 1)
        one = median_call(lambda: scorer.score(row), 5000)
        one_row = np.ascontiguousarray(features[:1])
        one_predict = median_call(lambda: booster.predict(one_row, num_threads=1), 500)
    seconds, megabytes = started()
    table = Table(title=f"annual {scorer.version}, {rows:,} rows, one core, processor time")
    for heading in ("what", "accunode_scoring", "LightGBM directly", "ratio", "bar"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row(
        "matrix, three horizons, both families, grade, four reasons",
        f"{explained:,.0f} rows/s",
        f"{contributions:,.0f} rows/s (pred_contrib, one horizon)",
        f"{explained / contributions:,.0f}",
        "1,000,000 rows/s",
    )
    table.add_row(
        "the same without reasons",
        f"{plain:,.0f} rows/s",
        f"{predict:,.0f} rows/s (predict, one horizon)",
        f"{plain / predict:,.1f}",
        "",
    )
    table.add_row(
        "one score with reasons, median",
        f"{1e6 * one:.0f} us",
        f"{1e6 * one_predict:.0f} us (predict)",
        f"{one_predict / one:.1f}",
        "100 us",
    )
    table.add_row("import and load, annual and quarterly, numpy apart", f"{1000 * seconds:.0f} ms", "", "", "400 ms")
    table.add_row("memory of both, above numpy", f"{megabytes:.0f} MB", "", "", "40 MB")
    Console(width=150).print(table)


if __name__ == "__main__":
    typer.run(main)
