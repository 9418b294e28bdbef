"""The day as a picture: a PNG, and a page of HTML that needs nothing else."""

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from accunode_infra.errors import RefusedError
from accunode_infra.simulation.model import Result
from accunode_infra.simulation.report import Section, acts, sections

WIDTH, HEIGHT, DOTS_PER_INCH = 9.0, 10.5, 80
STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem auto;max-width:68rem;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{padding:.2rem .7rem;text-align:left;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}"
    "svg{max-width:100%;height:auto}"
)


def write_png(result: Result, path: Path) -> None:
    """Draw the day. Raises RefusedError without matplotlib, or when the file cannot be written."""
    _write(path, _drawn(result, "png"))


def write_html(result: Result, path: Path) -> None:
    """The picture, the tables and every act. Raises RefusedError as `write_png` does."""
    picture = _drawn(result, "svg").decode()
    tables = "".join(map(_table, [*sections(result), acts(result)]))
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title(result))}</title>'
    body = f"<h1>{escape(title(result))}</h1>{picture[picture.index('<svg') :]}{tables}"
    _write(path, f"{head}<style>{STYLE}</style><body>{body}</body></html>\n".encode())


def title(result: Result) -> str:
    """What was replayed."""
    inputs = result.inputs
    return (
        f"{inputs.day.name}, {inputs.weekday.capitalize()}, {inputs.day.users.concurrent:,} users, "
        f"tier {inputs.shape.tier} ({inputs.shape.variant}), seed {inputs.seed}"
    )


def _table(section: Section) -> str:
    heads = "".join(f"<th>{escape(column)}</th>" for column in section.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in section.rows)
    return (
        f"<table><caption>{escape(section.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror}.") from None


def _drawn(result: Result, kind: str) -> bytes:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise RefusedError("Charts need matplotlib: install accunode-infra[charts].") from None
    # Without a fixed salt and with a date, the same day would give another file each time.
    with rc_context({"svg.hashsalt": "accunode", "font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH, layout="constrained")
        figure.suptitle(title(result), fontsize=10)
        _draw(result, figure.subplots(6, 1, sharex=True))
        picture = io.BytesIO()
        nobody: dict[str, None] = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(picture, format=kind, metadata=nobody)
    return picture.getvalue()


def _draw(result: Result, panels: Sequence[Any]) -> None:
    """One quantity a panel, named with its unit above it."""
    from matplotlib.ticker import LogLocator, NullFormatter

    record = result.record
    hours = [(minute + 1) / 60 for minute in range(len(record.users))]
    people, answers, processors, queues, fleets, credit = panels
    people.set_title("Load: people at work (left), requests a second (right)")
    people.plot(hours, record.users, label="people at work")
    requests = people.twinx()
    requests.plot(hours, record.requests, color="tab:orange", label="requests a second")
    requests.spines["right"].set_visible(True)
    requests.set_ylim(bottom=0)
    _key(people, requests)
    answers.set_title("Response time, 95th percentile of each minute (ms, logarithmic)")
    answers.plot(hours, [1000 * value for value in record.p95], color="tab:red", linewidth=0.8)
    answers.set_yscale("log")
    answers.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    answers.yaxis.set_major_formatter("{x:g}")
    answers.yaxis.set_minor_formatter(NullFormatter())
    processors.set_title("Processors (services: % of what they reserve; database: % of its own)")
    for name, values in record.utilisation.items():
        processors.plot(hours, values, label=name, linewidth=0.8)
    processors.plot(hours, [100 * value for value in record.database], "k", label="database", linewidth=0.8)
    _key(processors)
    queues.set_title("Messages that wait, by queue")
    for queue, waiting in record.waiting.items():
        queues.plot(hours, waiting, label=queue.value)
    threshold = result.inputs.shape.workers.scale_out.threshold
    queues.axhline(
        threshold, color="grey", linestyle=":", linewidth=0.8, label=f"workers are added above {threshold:g}"
    )
    _key(queues)
    fleets.set_title("Instances")
    fleets.step(hours, record.api_nodes, where="post", label="API")
    fleets.step(hours, record.worker_nodes, where="post", linestyle="--", label="workers")
    _key(fleets)
    credit.set_title("CPU credits of the instance that has the fewest (a new instance begins with none)")
    credit.plot(hours, record.credits, color="tab:brown")
    credit.axhline(0, color="grey", linestyle=":", linewidth=0.8)
    credit.set_xlabel("hour of the day")
    credit.set_xlim(0, 24)
    credit.set_xticks(range(0, 25, 2))
    for panel in (people, processors, queues, fleets):
        panel.set_ylim(bottom=0)
    for panel in panels:
        panel.title.set(ha="left", x=0, fontsize=8)


def _key(*axes: Any) -> None:
    """What the lines of a panel are, at its upper left."""
    lines = [line for axis in axes for line in axis.get_legend_handles_labels()[0]]
    axes[-1].legend(handles=lines, loc="upper left", ncols=6, frameon=False, fontsize=7)
