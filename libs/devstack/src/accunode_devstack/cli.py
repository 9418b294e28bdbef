"""The command line of the stack on one machine: `python -m accunode_devstack --help` lists it."""

import errno
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psutil
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from accunode_devstack.bench import measure, temporary_stack
from accunode_devstack.bench_api import OperationTimes, measure_api
from accunode_devstack.credentials import keep_credentials
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.demo.people import analyst, demo_users
from accunode_devstack.demo.real import load_real
from accunode_devstack.endpoints import read_endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.figures import machine, markdown_table, write_section
from accunode_devstack.stack import ALL, Stack, data_places, wanted_port
from accunode_devstack.state import find_state

app = typer.Typer(add_completion=False, no_args_is_help=True, help="AccuNode on this machine, without Docker.")
console = Console(highlight=False)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what the user can mend into one sentence and exit 1; everything else stays a traceback."""
    try:
        yield
    except DevstackError as error:
        _fail(str(error))
    except psutil.AccessDenied as error:
        _fail(f"Process {error.pid} belongs to another user: run this as the user who started it.")
    except PermissionError as error:
        what = error.filename or "A program or file of the stack"
        _fail(f"{what} cannot be used by this user: run this as the user who ran `make up` first.")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(f"The disk is full{f': {error.filename} could not be written' if error.filename else ''}.")
        raise
    except psycopg.OperationalError as error:
        _fail(f"The database refused: {str(error).strip().splitlines()[-1]}")


@app.command()
def up() -> None:
    """Start everything, load the demo, and return when it is ready."""
    with one_sentence():
        state = find_state()
        begun = time.monotonic()
        with state.locked():
            stack = Stack(state, typer.echo)
            endpoints, started = stack.up(wanted_port())
            users = stack.load_demo(endpoints)
        user = analyst(users)
        typer.echo(f"AccuNode is {'ready' if started else 'already up'} ({time.monotonic() - begun:.1f} s).")
        typer.echo(f"  Address        {endpoints.base_url}")
        typer.echo(f"  Documentation  {endpoints.docs_url}")
        typer.echo(f"  Demo sign-in   {user.email}  {user.password}   (all of them: {state.demo})")


@app.command()
def down() -> None:
    """Stop everything that `up` started, and nothing else."""
    with one_sentence():
        state = find_state()
        if not state.root.exists():
            typer.echo("Nothing runs.")
            return
        with state.locked():
            stopped = Stack(state, typer.echo).down()
        typer.echo(f"Stopped {', '.join(stopped)}." if stopped else "Nothing runs.")


@app.command()
def status() -> None:
    """Show what runs, where, and how it is; exit 1 unless all of it is ready."""
    with one_sentence():
        state = find_state()
        if not state.root.exists():
            typer.echo("Nothing has been started here yet: `make up`.")
            raise typer.Exit(1)
        lines = Stack(state, typer.echo).status()
        table = Table(box=None, pad_edge=False)
        for column in ("part", "state", "process", "port", "up for", "memory", "restarts", "last exit"):
            table.add_column(column)
        for line in lines:
            table.add_row(
                line.name,
                line.state,
                str(line.pid or ""),
                str(line.port or ""),
                _duration(line.since) if line.since else "",
                f"{line.memory / 1e6:.0f} MB" if line.memory else "",
                str(line.restarts) if line.pid or line.restarts else "",
                "" if line.last_exit is None else str(line.last_exit),
            )
        console.print(table)
        for what, place in data_places(state):
            typer.echo(f"{what}: {place}")
        if any(line.state not in {"ready", "given"} for line in lines):
            raise typer.Exit(1)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help=f"One of {', '.join(ALL)}; all of them without it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep reading until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
) -> None:
    """Show the end of the logs."""
    with one_sentence():
        if service is not None and service not in ALL:
            raise DevstackError(f"There is no part {service}: the parts are {', '.join(ALL)}.")
        state = find_state()
        wanted = [service] if service else list(ALL)
        files = [path for name in wanted if (path := state.log / f"{name}.log").exists()]
        if not files:
            raise DevstackError("There are no logs yet: `make up` starts the stack.")
        command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)]
        try:
            subprocess.run(command, check=False)
        except KeyboardInterrupt:
            return


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop, and delete the database, the uploads, the logs and the secrets."""
    with one_sentence():
        state = find_state()
        if not state.root.exists():
            typer.echo("There is nothing to delete.")
            return
        if not yes:
            typer.confirm(f"Delete everything in {state.root}, the database included?", abort=True)
        with state.locked():
            Stack(state, typer.echo).reset()
        typer.echo("Deleted.")


@app.command()
def demo_real(
    data: Annotated[Path, typer.Option(help="The folder that holds demo/.")],
) -> None:
    """Upload the real companies' accounts as the demo's analyst."""
    with one_sentence():
        state = find_state()
        endpoints = Stack(state, typer.echo).running()
        if endpoints is None:
            raise DevstackError("AccuNode is not up: `make up` first.")
        user = analyst(demo_users(keep_credentials(state).demo))
        with ApiClient(endpoints.base_url) as client:
            load_real(client.sign_in(user.email, user.password), data, typer.echo)


@app.command()
def bench(
    rows: Annotated[int, typer.Option(min=1, help="Rows of each upload.")] = 10_000,
    repeats: Annotated[int, typer.Option(min=1, help="Uploads, each of companies that are new.")] = 1,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench is written, by the last.")] = None,
) -> None:
    """Measure bulk uploads on a stack of their own, beside what PostgreSQL alone takes, and print each."""
    from accunode_devstack.bench_upload import HEADINGS, measure_upload

    with one_sentence(), temporary_stack(typer.echo) as (state, client):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        for number in range(repeats):
            cost = measure_upload(client, state, endpoints, rows, series=number)
            text = "\n".join([*(f"- {line}" for line in cost.lines()), "", markdown_table(HEADINGS, cost.cells())])
            typer.echo(f"{machine()}\n\n{text}")
        if write is not None:
            write_section(write, "bench", text)


@app.command()
def bench_api(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each operation is called, alone and together.")] = 3,
    callers: Annotated[int, typer.Option(min=1, help="How many call at once.")] = 4,
) -> None:
    """Measure the API's operations on a stack of their own, and print each."""
    with one_sentence(), temporary_stack(typer.echo) as (state, _):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        times = measure_api(
            state, endpoints, analyst(demo_users(keep_credentials(state).demo)), seconds=seconds, callers=callers
        )
    console.print(_operations(times, callers))


@app.command()
def bench_http(
    requests: Annotated[int, typer.Option(min=10, help="Requests of each class in a round.")] = 300,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench-http is written.")] = None,
) -> None:
    """Measure what a request costs the API process, beside its limit, on a stack of its own."""
    from accunode_devstack.bench_http import HEADINGS, measure_http

    with one_sentence(), temporary_stack(typer.echo) as (state, _):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        user = analyst(demo_users(keep_credentials(state).demo))
        costs = measure_http(state, endpoints, user, requests=requests)
        table = markdown_table(HEADINGS, [each.cells() for each in costs])
        typer.echo(f"{machine()}\n\n{table}")
        if write is not None:
            write_section(write, "bench-http", table)


@app.command()
def bench_exports(
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the list.")] = 200_000,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench-exports is written.")] = None,
) -> None:
    """Measure downloads of a list on a stack of their own, and print each."""
    from accunode_devstack.bench_api import sign_in_token
    from accunode_devstack.bench_exports import measure_exports

    with one_sentence(), temporary_stack(typer.echo) as (state, client):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        user = analyst(demo_users(keep_credentials(state).demo))
        measure(client, state, rows)
        listed = client.get("/predictions/annual", limit=1, with_total="true")["total"]
        lines = [each.line() for each in measure_exports(state, endpoints, sign_in_token(endpoints, user), listed)]
        typer.echo("\n".join([machine(), *lines]))
        if write is not None:
            write_section(write, "bench-exports", "\n".join(f"- {line}" for line in lines))


@app.command()
def bench_lists(
    rows: Annotated[int, typer.Option(min=1000, help="Companies of the organization.")] = 1_000_000,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench-lists is written.")] = None,
) -> None:
    """Measure lists and searches of many companies on a stack of their own."""
    from accunode_devstack.bench_lists import HEADINGS, measure_lists

    with one_sentence(), temporary_stack(typer.echo) as (state, _):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        user = analyst(demo_users(keep_credentials(state).demo))
        lists = measure_lists(state, endpoints, user, rows=rows)
        table = markdown_table(HEADINGS, [each.cells() for each in lists])
        typer.echo(f"{machine()}\n\n{table}")
        if write is not None:
            write_section(write, "bench-lists", table)


@app.command()
def load(
    rows: Annotated[int, typer.Option(min=1000, help="Rows stored before.")] = 1_000_000,
    people: Annotated[str, typer.Option(help="Who work at once: numbers, one step after the other.")] = "2000",
    seconds: Annotated[float, typer.Option(min=5, max=600, help="For how long, each step.")] = 120,
    write: Annotated[Path | None, typer.Option(help="The page whose section load is written.")] = None,
) -> None:
    """Have more and more people work at once on a stack of its own, and print what they met."""
    from accunode_devstack.load.measure import measure_load, numbers_of_people

    with one_sentence():
        steps = numbers_of_people(people)
    with one_sentence(), temporary_stack(typer.echo) as (state, client):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        user = analyst(demo_users(keep_credentials(state).demo))
        found = measure_load(
            state, endpoints, client, user, rows=rows, people=steps, seconds=seconds, say=typer.echo
        ).text()
        typer.echo(f"{machine()}\n\n{found}")
        if write is not None:
            write_section(write, "load", found)


@app.command()
def bench_scale(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the upload.")] = 1_000_000,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench-scale is written.")] = None,
) -> None:
    """Measure what growth is reckoned from, on a stack of its own."""
    from accunode_devstack.bench_api import sign_in_token
    from accunode_devstack.bench_scale import HEADINGS, measure_scale

    with one_sentence(), temporary_stack(typer.echo) as (state, client):
        endpoints = read_endpoints(state)
        assert endpoints is not None
        token = sign_in_token(endpoints, analyst(demo_users(keep_credentials(state).demo)))
        figures = measure_scale(state, endpoints, client, token, rows=rows, say=typer.echo)
        table = markdown_table(HEADINGS, [each.cells() for each in figures])
        typer.echo(f"{machine()}\n\n{table}")
        if write is not None:
            write_section(write, "bench-scale", table)


@app.command()
def bench_reading(
    rows: Annotated[int, typer.Option(min=20_000, help="Rows of each file.")] = 1_000_000,
    write: Annotated[Path | None, typer.Option(help="The page whose section bench-reading is written.")] = None,
) -> None:
    """Measure what the reading of an upload costs, for files of several forms."""
    from accunode_devstack.bench_reading import HEADINGS, measure_reading

    table = markdown_table(HEADINGS, [each.cells() for each in measure_reading(rows)])
    typer.echo(f"{machine()}\n\n{table}")
    if write is not None:
        with one_sentence():
            write_section(write, "bench-reading", table)


@app.command()
def bench_queue() -> None:
    """Measure two ways to hand chunks to workers, on servers of their own, in some three minutes."""
    from accunode_devstack.bench_queue.measure import measure_queues

    with one_sentence():
        for each in measure_queues():
            typer.echo(
                f"{each.name}: from commit to start {1000 * each.latency_p50:.1f} ms "
                f"(p95 {1000 * each.latency_p95:.1f}); "
                f"{each.per_second:,.0f} chunks/s, {1000 * each.processor:.2f} ms of processor each; "
                f"{each.after_kill:.1f} s after a kill it is begun again; {each.lost} lost by Redis until a sweep"
            )


@app.command()
def bench_migration(
    rows: Annotated[int, typer.Option(min=100_000, max=10_000_000, help="Predictions that are migrated.")] = 1_000_000,
) -> None:
    """Measure the migration that marks and counts predictions, on a server of their own."""
    from accunode_devstack.bench_migration import measure_migration

    with one_sentence():
        times = measure_migration(rows)
        typer.echo(f"{times.rows:,} predictions migrated in {times.seconds:.1f} s")
        for when, written in (("before", times.before), ("after", times.after)):
            typer.echo(
                f"{when}: {written.table_bytes:.0f} + {written.index_bytes:.0f} bytes a row in table and indexes; "
                f"inserted in {written.first:.0f} µs, after the newest {written.later:.0f} µs, "
                f"before it {written.earlier:.0f} µs"
            )


@app.command()
def bench_writes(rows: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows of each way.")] = 20_000) -> None:
    """Measure three ways to write rows, on a server of their own."""
    from accunode_devstack.bench_writes import measure_writes

    with one_sentence():
        for each in measure_writes(rows):
            typer.echo(f"{each.name}: {each.per_second:,.0f} rows/s")


def _operations(times: list[OperationTimes], callers: int) -> Table:
    table = Table(title="One process that answers for all services; milliseconds unless said otherwise", box=None)
    headings = (
        "mean",
        "median",
        "p95",
        f"calls/s, {callers} callers",
        "processor",
        "database",
        "calls/s at one processor",
    )
    for heading in ("operation", *headings):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    for each in times:
        alone = (f"{1000 * value:.1f}" for value in (each.mean, each.p50, each.p95))
        costs = (f"{1000 * value:.2f}" for value in (each.processor, each.database))
        table.add_row(each.name, *alone, f"{each.per_second:,.0f}", *costs, f"{1 / each.processor:,.0f}")
    return table


def _duration(since: datetime) -> str:
    seconds = int((datetime.now(UTC) - since).total_seconds())
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _fail(sentence: str) -> None:
    typer.secho(sentence, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
