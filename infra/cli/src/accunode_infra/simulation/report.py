"""A day in words and numbers: tables for people, a document for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accunode_infra.simulation.limits import Limit
from accunode_infra.simulation.model import Result
from accunode_infra.simulation.tally import Tally

PERCENTILES = (50, 95, 99)
SHOWN = 3
"""Of what gives way, in a line."""


@dataclass(frozen=True)
class Section:
    """A table."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def sections(result: Result) -> list[Section]:
    """The tables of one day."""
    return [_waits(result), _fleets(result), _dollars(result), _limits(result)]


def acts(result: Result) -> Section:
    """Every scaling act."""
    rows = [(clock(act.at), act.fleet, f"{act.change:+d}", act.capacity, act.reason) for act in result.acts]
    return Section("Scaling acts", ("at", "fleet", "change", "then", "why"), rows)


def clock(seconds: float) -> str:
    """A time of the day, as 09:30."""
    return f"{int(seconds // 3600):02d}:{int(seconds // 60 % 60):02d}"


def duration(seconds: float) -> str:
    """A duration as people read it."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min"


def _waits(result: Result) -> Section:
    rows: list[tuple[object, ...]] = [
        *(("request", name, *_tallied(tally)) for name, tally in result.responses.items()),
        *(("in the queue", queue.value, *_tallied(tally)) for queue, tally in result.waits.items()),
        *(("whole upload", queue.value, *_tallied(tally)) for queue, tally in result.turnarounds.items() if len(tally)),
    ]
    return Section("Waits", ("what", "class", "count", "mean", "p50", "p95", "p99", "longest"), rows)


def _tallied(tally: Tally) -> tuple[str, ...]:
    if not len(tally):
        return ("0", *[""] * 5)
    shown = (tally.mean, *(tally.percentile(share) for share in PERCENTILES), tally.most)
    return (f"{len(tally):,}", *map(duration, shown))


def _fleets(result: Result) -> Section:
    record, money = result.record, result.money
    rows: list[tuple[object, ...]] = [
        ("API", min(record.api_nodes), max(record.api_nodes), f"{money.api_hours:.1f}", "", ""),
        (
            "workers",
            min(record.worker_nodes),
            max(record.worker_nodes),
            f"{money.worker_hours:.1f}",
            f"{100 * _mean(record.worker_busy):.0f} %",
            _act_count(result, "workers"),
        ),
    ]
    for name, running in record.copies.items():
        busy = record.utilisation[name]
        rows.append(
            (name, min(running), max(running), "", f"{_mean(busy):.0f} % of reserved", _act_count(result, name))
        )
    return Section("Fleets", ("fleet", "least", "most", "instance-hours", "processor, mean", "acts"), rows)


def _act_count(result: Result, fleet: str) -> str:
    return str(sum(act.fleet == fleet for act in result.acts))


def _dollars(result: Result) -> Section:
    money = result.money
    lines = {
        f"instances, {money.api_hours + money.worker_hours:.0f} hours": money.instances,
        f"surplus CPU credits of instances, {money.credits:.1f} vCPU-hours": money.surplus,
        "surplus CPU credits of the database": money.database_surplus,
        "the day": money.day,
        "a month of such days": money.month,
    }
    rows = [(name, f"${dollars:,.2f}") for name, dollars in lines.items()]
    return Section("Dollars (no disks, no traffic, not the database itself)", ("what", "dollars"), rows)


def _limits(result: Result) -> Section:
    rows = [
        (limit.name, f"{100 * limit.most:.0f} %", clock(limit.reached), limit.minutes)
        if limit.reached is not None
        else (limit.name, f"{100 * limit.most:.0f} %", "", 0)
        for limit in result.limits.every
        if limit.reached is not None or limit.most >= 0.3
    ]
    return Section("Limits", ("what", "most", "reached at", "minutes"), rows)


def document(result: Result) -> dict[str, Any]:
    """All of it, for programs. Durations in seconds."""
    money = result.money
    return {
        "tier": result.inputs.shape.tier,
        "variant": result.inputs.shape.variant,
        "users": result.inputs.day.users.concurrent,
        "weekday": result.inputs.weekday.value,
        "seed": result.inputs.seed,
        "requests": {
            "arrived": result.arrived,
            "lost": result.lost,
            "by_class": {name: _plain(tally) for name, tally in result.responses.items()},
        },
        "tasks": {
            "arrived": result.tasks_arrived,
            "done": result.tasks_done,
            "waits": {queue.value: _plain(tally) for queue, tally in result.waits.items()},
        },
        "uploads": {
            "unfinished": result.unfinished,
            "turnarounds": {queue.value: _plain(tally) for queue, tally in result.turnarounds.items()},
        },
        "instance_hours": {"api": money.api_hours, "workers": money.worker_hours},
        "dollars": {
            "instances": money.instances,
            "surplus_credits": money.surplus,
            "database_credits": money.database_surplus,
            "day": money.day,
            "month": money.month,
        },
        "surplus_vcpu_hours": money.credits,
        "acts": [
            {"at": act.at, "fleet": act.fleet, "change": act.change, "capacity": act.capacity, "reason": act.reason}
            for act in result.acts
        ],
        "limits": [
            {"what": limit.name, "most": limit.most, "reached": limit.reached, "minutes": limit.minutes}
            for limit in result.limits.every
        ],
        "breaks_first": broken(result.limits.first),
    }


def _plain(tally: Tally) -> Mapping[str, float]:
    percentiles = {f"p{share}": tally.percentile(share) for share in PERCENTILES}
    return {"count": len(tally), "mean": tally.mean, **percentiles, "longest": tally.most}


def broken(limit: Limit | None) -> str:
    """What broke first, in words."""
    if limit is None or limit.reached is None:
        return "nothing"
    return f"{limit.name} ({clock(limit.reached)}, {limit.minutes} min)"


def side_by_side(results: Mapping[str, Result], title: str, what: str) -> Section:
    """Days beside each other: of several numbers of users, or of several policies."""
    columns = (
        *(what, "requests/s", "p50", "p95", "p99", "lost", "small files p95", "bulk files p95", "API", "workers"),
        *("acts", "database", "$/month", "gives way, in this order"),
    )
    return Section(title, columns, [_line(name, result) for name, result in results.items()])


def _line(name: str, result: Result) -> tuple[object, ...]:
    record = result.record
    every = Tally.together(result.responses.values())
    reached = [(limit, limit.reached) for limit in result.limits.every if limit.reached is not None]
    files = [result.turnarounds[queue] for queue in result.turnarounds]
    return (
        name,
        f"{max(record.requests):,.0f}",
        *(duration(every.percentile(share)) for share in PERCENTILES),
        f"{100 * result.lost / max(result.arrived, 1):.2g} %",
        *(duration(tally.percentile(95)) if len(tally) else "" for tally in files[:2]),
        max(record.api_nodes),
        max(record.worker_nodes),
        len(result.acts),
        f"{100 * max(record.database):.0f} %",
        f"{result.money.month:,.0f}",
        "; ".join(f"{limit.name} {clock(at)}" for limit, at in reached[:SHOWN]) or "nothing",
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
