"""The other way: a process that takes the next chunk from PostgreSQL, and listens while there is none."""

from accunode_devstack.bench_queue.work import READY, connect, do_next


def serve() -> None:
    """Do chunks until killed."""
    with connect() as connection:
        connection.execute(f"listen {READY}")
        while True:
            while do_next(connection):
                pass
            for _ in connection.notifies(timeout=1.0, stop_after=1):
                pass


if __name__ == "__main__":
    serve()
