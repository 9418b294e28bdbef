"""Files made to hold a worker up: the job is refused, and nobody else notices."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from bulk_processes import RELAY, WORKER, Process, wait_until
from bulk_work import Bulk, annual_csv, healthy

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.hostile import CSV, PARQUET, XLSX, workbook
from accunode_common.testing.people import World
from accunode_common.testing.settings import changed
from accunode_devstack.throwaway import throwaway_redis

FINAL = {"completed", "completed_with_errors", "failed", "cancelled"}
LONG = 32_000


def _with_limits(bulk: Bulk, superuser_settings: dict[str, object]) -> Bulk:
    settings = changed(bulk.runtime.settings, **superuser_settings)
    return Bulk(replace(bulk.runtime, settings=settings), bulk.superuser)


# Each is packed into less than 100 kB, and passes every limit of its format.
SLOW = workbook('<row><c t="s"><v>0</v></c></row>', strings="<si><t>a</t></si>" * 3_700_000)
LARGE = workbook('<row><c t="s"><v>0</v></c></row>', strings=f"<si><t>{'x' * 100}</t></si>" * 500_000)


@pytest.mark.parametrize(
    ("content", "limits", "says"),
    [
        (SLOW, {"reading_seconds": 1, "reading_seconds_per_mib": 0}, "takes more than 1 seconds of computing"),
        (LARGE, {"reading_memory_mib": 64}, "takes more than 64 MiB of memory"),
    ],
)
def test_a_file_that_costs_too_much_ends_its_job_with_what_to_do(
    bulk: Bulk, world: World, content: bytes, limits: dict[str, object], says: str
) -> None:
    limited = _with_limits(bulk, limits)
    job_id = limited.submit(world.one.org_member, content)
    limited.work(world.one.id)
    job = limited.job(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "file_too_costly")
    assert says in job["error_message"]
    assert job["error_message"].endswith("and upload that.")
    assert job["rows_total"] == 0


@pytest.mark.parametrize(
    "cell",
    [
        "1" + " " * LONG + "y",
        "(" + " " * LONG + "y",
        "1," * (LONG // 2) + "y",
        "source" + " " * LONG + "y",
        "2014" + " " * LONG + "q",
        "Q1" + " " * LONG + "fy",
        "e" + "\u0315\u0300" * (LONG // 2),
        "'" * LONG,
        "\n\t" * (LONG // 2) + "y",
    ],
)
def test_a_cell_of_the_longest_kind_costs_no_more_in_any_column(bulk: Bulk, world: World, cell: str) -> None:
    quoted = f'"{cell}"'
    name, year, *ratios = healthy(1)
    rows = [
        [cell if column == place else value for column, value in enumerate([name, year, *ratios])] for place in range(3)
    ]
    content = annual_csv(rows * 40) + f"{quoted},{quoted},{quoted},,,,\n".encode() * 40
    limited = _with_limits(bulk, {"reading_seconds": 5, "reading_seconds_per_mib": 0})
    job_id = limited.submit(world.one.org_member, content)
    limited.work(world.one.id)
    job = limited.job(job_id)
    assert job["error_code"] != "file_too_costly"
    assert job["state"] in FINAL


def test_long_headings_are_shortened_where_they_are_shown(bulk: Bulk, world: World) -> None:
    content = annual_csv([[*healthy(1), *("x" for _ in range(20))]], extra=[" " * 100 + "h" * LONG] * 20)
    job_id = bulk.submit(world.one.org_member, content)
    bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert job["rows_accepted"] == 1
    assert len(str(job["file_report"])) < 20_000


@pytest.fixture
def processes(test_database: TestDatabase, bulk: Bulk, tmp_path: Path) -> Iterator[list[Process]]:
    """A relay and a worker that lets a file take one second."""
    with throwaway_redis() as server, ExitStack() as stack:
        started = []
        for name, command, role in (("relay", RELAY, DatabaseRole.RELAY), ("worker", WORKER, DatabaseRole.WORKER)):
            settings = {
                "redis_url": server.url,
                "storage_url": bulk.runtime.settings.storage.url,
                "database_url": test_database.url(role),
                "reading_seconds": 1,
                "reading_seconds_per_mib": 0,
                "log_format": "console",
            }
            process = Process(name, command, tmp_path, settings)
            stack.callback(process.kill)
            started.append(process.ready())
        yield started


def test_the_worker_lives_and_others_jobs_go_on_beside_costly_files(
    bulk: Bulk, world: World, processes: list[Process]
) -> None:
    costly = [
        bulk.submit(world.two.org_member, SLOW),
        bulk.submit(world.two.org_member, SLOW),
        bulk.submit(world.two.org_member, XLSX["gaps"](10_000)),
        bulk.submit(world.two.org_member, PARQUET["one text, many rows"](100_000)),
        bulk.submit(world.two.org_member, CSV["open quotes"](50_000)),
    ]
    other = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(200)]))
    try:
        wait_until(lambda: all(bulk.job(job)["state"] in FINAL for job in [*costly, other]), seconds=90)
    except AssertionError:
        raise AssertionError(processes[1].said()[-3000:]) from None
    assert bulk.job(other)["state"] == "completed"
    assert [bulk.job(job)["error_code"] for job in costly[:2]] == ["file_too_costly"] * 2
    assert all(bulk.job(job)["state"] == "failed" for job in costly)
    assert {chunk["attempts"] for job in costly for chunk in bulk.chunks(job)} <= {1}
    assert "WorkerLostError" not in processes[1].said()
    assert processes[1].popen.poll() is None
