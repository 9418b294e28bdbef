"""Whatever is killed, stopped, emptied or full: every row ends up stored or explained, once, and work goes on in time.

`make test` runs a few troubles over small files, `make test-chaos` all of them over 100,000 rows. Each prints how long
the job stood still after the trouble was over.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest
from plant import Job, Plant, say, until

from accunode_common.db.access import DatabaseRole

SHORT, LONG = 12_000, 100_000
long = pytest.mark.chaos

Trouble = Callable[[Plant, Job], None]


def children_are_killed(plant: Plant, job: Job) -> None:
    for _ in range(3):
        random.choice(plant.children()).kill()
        job.resumes("a child killed")


def the_worker_is_killed(plant: Plant, job: Job) -> None:
    plant.kill("worker")
    job.resumes("worker killed")


def the_relay_is_killed(plant: Plant, job: Job) -> None:
    plant.kill("relay")
    job.resumes("relay killed")


def redis_is_killed_and_begins_empty(plant: Plant, job: Job) -> None:
    plant.stop("redis")
    plant.start_redis(empty=True)
    job.resumes("Redis emptied")


def redis_is_emptied_with_work_queued(plant: Plant, job: Job) -> None:
    worker = psutil.Process(plant.pid("worker"))
    with plant.stopped(worker, *worker.children()):
        plant.stop("redis")
        plant.start_redis(empty=True)
    job.resumes("Redis emptied with work queued")


def redis_is_away_for_long(plant: Plant, job: Job) -> None:
    plant.stop("redis")
    time.sleep(40)
    plant.start_redis()
    job.resumes("Redis away for 40 s")


def redis_blinks_three_times(plant: Plant, job: Job) -> None:
    for _ in range(3):
        plant.kill("redis")
        time.sleep(1)
    plant.part("redis")
    job.resumes("Redis blinked three times")


def postgres_restarts(plant: Plant, job: Job) -> None:
    plant.stop("postgres")
    plant.start_postgres()
    job.resumes("PostgreSQL restarted")


def postgres_crashes(plant: Plant, job: Job) -> None:
    plant.kill("postgres")
    plant.query("select 1")
    job.resumes("PostgreSQL killed")


def commits_fail_after_the_work(plant: Plant, job: Job) -> None:
    for _ in range(6):
        plant.end_connections(DatabaseRole.WORKER)
        time.sleep(random.uniform(0.1, 0.6))
    job.resumes("connections cut six times")


def the_worker_stands_still(plant: Plant, job: Job) -> None:
    """Longer than it may be silent: what it held is free, and what it still wants to commit is refused."""
    worker = psutil.Process(plant.pid("worker"))
    children = worker.children()
    until(lambda: job.chunks("leased"), seconds=30)
    with plant.stopped(worker, *children):
        held = {chunk["number"]: chunk["fence"] for chunk in job.chunks("leased")}
        assert held
        until(lambda: not job.chunks("leased"), seconds=30)
    job.resumes("worker stood still")
    until(job.ended, seconds=120)
    fences = {chunk["number"]: chunk["fence"] for chunk in job.chunks("done")}
    assert all(fences[number] > fence for number, fence in held.items())


def a_chunk_is_poison(plant: Plant, job: Job) -> None:
    """Spoilt where it lies: every row of it is listed."""
    waiting = {chunk["number"] for chunk in job.chunks("ready")}
    path = next(path for path in reversed(plant.objects_of(job)) if int(path.stem) in waiting)
    path.write_bytes(path.read_bytes()[:1000])
    until(job.ended, seconds=120)
    (chunk,) = job.chunks("quarantined")
    assert chunk["number"] == int(path.stem)
    assert job.row()["rows_rejected"] == chunk["rows"]


def everything_is_killed_at_random(plant: Plant, job: Job) -> None:
    seed = int(os.environ.get("CHAOS_SEED", time.time()))
    say(f"\n  CHAOS_SEED={seed}")
    dice = random.Random(seed)
    for _ in range(8):
        if job.ended():
            return
        match dice.choice(["child", "child", "worker", "relay", "gateway"]):
            case "child":
                for child in plant.children()[:1]:
                    child.kill()
            case name:
                plant.kill(name)
        time.sleep(dice.uniform(0.5, 3))
    job.resumes("random kills")


def the_parts_are_restarted_one_after_another(plant: Plant, job: Job) -> None:
    """Under load: others go on uploading meanwhile."""
    others: list[Job] = []
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            others.append(plant.upload(1_000))

    loading = threading.Thread(target=load)
    loading.start()
    try:
        for name in ("relay", "worker", "gateway"):
            plant.terminate(name)
            plant.ready()
            job.resumes(f"{name} restarted")
    finally:
        over.set()
        loading.join()
    assert others
    for other in others:
        other.ends()


TROUBLES: list[tuple[Trouble, bool]] = [
    (children_are_killed, True),
    (the_worker_is_killed, True),
    (the_relay_is_killed, False),
    (redis_is_killed_and_begins_empty, True),
    (redis_is_emptied_with_work_queued, False),
    (redis_is_away_for_long, False),
    (redis_blinks_three_times, True),
    (postgres_restarts, True),
    (postgres_crashes, False),
    (commits_fail_after_the_work, False),
    (the_worker_stands_still, False),
    (a_chunk_is_poison, False),
    (everything_is_killed_at_random, False),
    (the_parts_are_restarted_one_after_another, False),
]


@pytest.mark.parametrize("trouble", [pytest.param(each, id=each.__name__) for each, short in TROUBLES if short])
def test_a_small_job_survives(plant: Plant, trouble: Trouble) -> None:
    job = plant.upload(SHORT)
    job.until_chunks(3)
    trouble(plant, job)
    job.ends()


@long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("trouble", [pytest.param(each, id=each.__name__) for each, _ in TROUBLES])
def test_a_large_job_survives(plant: Plant, trouble: Trouble) -> None:
    job = plant.upload(LONG)
    job.until_chunks(5)
    trouble(plant, job)
    job.ends()


@long
@pytest.mark.parametrize("name", ["worker", "postgres", "redis"])
def test_a_reading_that_is_broken_off_begins_again(plant: Plant, name: str) -> None:
    job = plant.upload(LONG)
    until(lambda: job.row()["state"] != "queued", seconds=30)
    assert job.row()["state"] == "ingesting"
    plant.kill(name)
    plant.part(name)
    job.resumes(f"{name} killed while the file was read")
    job.ends()


@long
@pytest.mark.parametrize("name", ["gateway", "postgres", "redis"])
def test_an_upload_that_is_cut_off_is_there_once_when_it_is_sent_again(plant: Plant, name: str) -> None:
    before = plant.query("select count(*) as jobs from bulk.jobs")[0]["jobs"]
    killer = threading.Timer(0.3, lambda: plant.kill(name))
    killer.start()
    job = plant.upload(20_000)
    killer.join()
    job.ends()
    assert plant.query("select count(*) as jobs from bulk.jobs")[0]["jobs"] == before + 1


@long
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="takes a file system of its own: Linux, root")
def test_a_full_store_is_told_and_nothing_is_left_of_what_did_not_fit(plant: Plant) -> None:
    with plant.small_store("1m"), plant.sign_in(plant.user) as http:
        reply = http.post(
            "/bulk-uploads",
            data={"kind": "annual", "access_level": "organization"},
            files={"file": ("rows.csv", b"company_name,fiscal_year\n" + b"x" * 3_000_000)},
        )
        assert (reply.status_code, reply.json()["title"]) == (507, "The storage is full")
        assert "space" in reply.json()["detail"]
        assert not [path for path in plant.stack.state.objects.rglob("*") if path.is_file()]
    plant.upload(1_000).ends()
