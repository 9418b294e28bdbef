"""The queue bench hands each chunk to one worker, in either way."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from accunode_devstack.bench_queue.work import DATABASE_URL, connect, create_schema, do_leased, do_next, put_in
from accunode_devstack.bench_writes import measure_writes
from accunode_devstack.throwaway import throwaway_postgres


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A connection to the bench's database, without chunks."""
    with throwaway_postgres() as server:
        monkeypatch.setenv(DATABASE_URL, server.admin_url)
        with connect() as connection:
            create_schema(connection)
            yield connection


def states(connection: psycopg.Connection) -> list[tuple[str, int]]:
    return connection.execute("select state, fence from bench.chunks order by number").fetchall()


def test_two_loops_take_each_chunk_once(connection: psycopg.Connection) -> None:
    put_in(connection, 0, 40, 0.005, outbox=False)
    taken: list[int] = []

    def work() -> None:
        with connect() as own:
            taken.append(sum(iter(lambda: do_next(own), False)))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(taken) == 40
    assert {state for state, _ in states(connection)} == {"done"}


def test_a_message_that_comes_twice_does_its_chunk_once(connection: psycopg.Connection) -> None:
    put_in(connection, 0, 1, 0.0, outbox=True)
    row = connection.execute("select count(*) from ops.outbox").fetchone()
    assert row == (1,)
    do_leased(connection, 0)
    do_leased(connection, 0)
    assert states(connection) == [("done", 1)]


def test_every_way_of_writing_is_measured() -> None:
    assert [each.name for each in measure_writes(50)] == ["ORM add_all", "Core executemany", "COPY, insert … select"]
