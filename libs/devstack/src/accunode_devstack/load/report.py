"""What a load showed, in tables and sentences."""

from dataclasses import dataclass
from itertools import chain
from statistics import fmean, quantiles

from accunode_devstack.figures import markdown_table
from accunode_devstack.load.statements import Statements
from accunode_devstack.load.visits import NAMES, THINKS_SECONDS, Log

MEAN_SECONDS, P95_SECONDS = 0.2, 0.5
"""What all requests together may take, and none may fail."""
STATEMENT_MS = 50.0
"""What the mean of any kind of statement may take."""
CALLERS = 32
"""Who ask for lists and dashboards as fast as they can: more than two processes have at work at once."""
ASKING = "who ask"
"""This process among the parts that use processors."""
_SHOWN, _LONGEST = 10, 90
_HEADINGS = ("request", "answered", "mean, ms", "p50, ms", "p95, ms", "p99, ms")
_STEPS = ("people", "requests/s", "mean, ms", "p95, ms", "failed", "processors in use", "of those, who ask", "within")


@dataclass(frozen=True)
class Step:
    """Some people's time on a stack.

    Attributes:
        people: How many they were.
        seconds: How long it took.
        log: What they met.
        processor: Seconds of the processor by part, theirs among them.
        statements: What PostgreSQL took.
    """

    people: int
    seconds: float
    log: Log
    processor: dict[str, float]
    statements: Statements

    @property
    def times(self) -> list[float]:
        """Seconds of all successes."""
        return list(chain.from_iterable(self.log.seconds.values()))

    @property
    def failed(self) -> int:
        """How many requests did not succeed."""
        return sum(map(len, self.log.failures.values()))

    @property
    def within(self) -> bool:
        """Whether everybody was served, and soon enough."""
        times = self.times
        return (
            not self.failed
            and len(times) > 1
            and fmean(times) <= MEAN_SECONDS
            and _percentile(times, 95) <= P95_SECONDS
        )

    def table(self) -> str:
        """A row for each operation, and one for all."""
        rows = [(NAMES[name], times) for name, times in self.log.seconds.items() if len(times) > 1]
        return markdown_table(_HEADINGS, [_row(name, times) for name, times in [*rows, ("all", self.times)]])

    def cells(self) -> tuple[str, ...]:
        """This step's row of the table of steps."""
        times, used = self.times, sum(self.processor.values())
        return (
            f"{self.people:,}",
            f"{len(times) / self.seconds:,.0f}",
            *(f"{1000 * value:,.0f}" for value in (fmean(times), _percentile(times, 95))),
            f"{self.failed:,}",
            f"{used / self.seconds:.2f}",
            f"{self.processor[ASKING] / self.seconds:.2f}",
            "yes" if self.within else "no",
        )

    def lines(self, processors: int) -> list[str]:
        """The rest of what is to be said of it, a sentence each."""
        answered = len(self.times)
        cost = {name: 1e3 * seconds / answered for name, seconds in self.processor.items()}
        own, each = cost.pop(ASKING), ", ".join(f"{name} {value:.2f}" for name, value in cost.items())
        bearable = processors * 1e3 / (sum(cost.values()) + own)
        lines = [
            (
                f"{self.people:,} people: an answered request takes {sum(cost.values()):.2f} ms of processor ({each}), "
                f"and {own:.2f} of who ask. {processors} processors that do nothing else are full at {bearable:,.0f} "
                f"requests/s, or {bearable * fmean(THINKS_SECONDS):,.0f} people."
            )
        ]
        if self.failed:
            failures = ", ".join(
                f"{what} {len(times):,} times after {1000 * fmean(times):,.0f} ms"
                for what, times in sorted(self.log.failures.items())
            )
            lines.append(f"{self.people:,} people, instead of success: {failures}.")
        return lines


@dataclass(frozen=True)
class Load:
    """What was measured.

    Attributes:
        rows: Predictions and companies stored before.
        processors: Of the machine.
        throughput: Lists of ten and dashboards answered in a second, asked as fast as they are answered.
        steps: What more and more people met.
    """

    rows: int
    processors: int
    throughput: float
    steps: list[Step]

    @property
    def bears(self) -> int:
        """The most people of a step that was within the limits; 0 if none was."""
        return max((step.people for step in self.steps if step.within), default=0)

    def text(self) -> str:
        """All of it: the steps, then the largest that was within the limits, or else the first, in full."""
        shown = next((step for step in reversed(self.steps) if step.within), self.steps[0])
        least = f"{self.steps[0].people:,} people were already too many"
        borne = f"{self.bears:,} people were served within them" if self.bears else least
        limits = f"mean {1000 * MEAN_SECONDS:.0f} ms, p95 {1000 * P95_SECONDS:.0f} ms, nothing failed"
        lines = [
            f"{self.rows:,} predictions stored. Limits: {limits}; {borne}.",
            f"Lists of ten and dashboards in turn, {CALLERS} callers: {self.throughput:,.0f} requests/s.",
        ]
        parts = [
            markdown_table(_STEPS, [step.cells() for step in self.steps]),
            _listed(
                [
                    *lines,
                    *(line for step in self.steps for line in step.lines(self.processors)),
                ]
            ),
            f"{shown.people:,} people:",
            shown.table(),
            statements_text(shown.statements),
        ]
        return "\n\n".join(parts)


def statements_text(statements: Statements) -> str:
    """The slowest kinds of statement, and how the rest are."""
    kinds = statements.kinds
    if not kinds:
        return "Database statements: the database has no `pg_stat_statements`, and its log is not the stack's own."
    over = sum(kind.mean >= STATEMENT_MS for kind in kinds)
    shown = kinds[: max(_SHOWN, over)]
    told = f"{len(kinds)} kinds, {over} with a mean of {STATEMENT_MS:.0f} ms or more; the {len(shown)} slowest:"
    rows: list[tuple[str, ...]] = [
        (f"`{kind.text[:_LONGEST].replace('|', ' ')}`", f"{kind.calls:,}", f"{kind.mean:.2f}") for kind in shown
    ]
    table = markdown_table(("statement", "calls", "mean, ms"), rows)
    return f"Database statements, from {statements.source}: {told}\n\n{table}"


def _row(name: str, times: list[float]) -> tuple[str, ...]:
    figures = (fmean(times), *(_percentile(times, percent) for percent in (50, 95, 99)))
    return name, f"{len(times):,}", *(f"{1000 * value:,.1f}" for value in figures)


def _percentile(times: list[float], percent: int) -> float:
    return quantiles(times, n=100)[percent - 1]


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
