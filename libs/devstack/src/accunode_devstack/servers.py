"""The stack's PostgreSQL and Redis: those that `DATABASE_URL` and `REDIS_URL` name, else embedded ones."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from accunode_devstack import postgres, redis
from accunode_devstack.credentials import Credentials
from accunode_devstack.ports import free_port
from accunode_devstack.postgres import PostgresServer, embedded_postgres
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import Part
from accunode_devstack.redis import RedisServer, embedded_redis
from accunode_devstack.state import State, make_own

DATABASE = "accunode"
NAMES = (postgres.NAME, redis.NAME)


@dataclass(frozen=True)
class Servers:
    """Where the two servers are, and the processes to start for it: none for a server that is given."""

    admin_url: str
    database: str
    redis_url: str
    parts: tuple[Part, ...]


def choose_servers(state: State, supervisor: Supervisor, credentials: Credentials) -> Servers:
    """Decide on the servers, and prepare the folders of the embedded ones.

    Raises DevstackError when a given server cannot be used or none is found.
    """
    parts: list[Part] = []
    if given := os.environ.get("DATABASE_URL"):
        postgres.require_version(given)
        admin_url, database = given, urlsplit(given).path.strip("/") or DATABASE
        database = DATABASE if database in {"postgres", "template1"} else database
    else:
        server = _postgres(state, supervisor, credentials)
        admin_url, database = server.admin_url, DATABASE
        parts.append(Part(server.program(), server.ready))
    if redis_url := os.environ.get("REDIS_URL"):
        redis.require_version(redis_url)
    else:
        cache = _redis(state, supervisor, credentials)
        redis_url = cache.url
        parts.append(Part(cache.program(), cache.ready))
    return Servers(admin_url, database, redis_url, tuple(parts))


def _postgres(state: State, supervisor: Supervisor, credentials: Credentials) -> PostgresServer:
    home, account = state.postgres_home()
    if home.parent == state.elsewhere:
        make_own(home.parent)
    port = _port(supervisor, postgres.NAME)
    server = embedded_postgres(home, port=port, password=credentials.superuser, account=account)
    server.initialise()
    return server


def _redis(state: State, supervisor: Supervisor, credentials: Credentials) -> RedisServer:
    port = _port(supervisor, redis.NAME)
    server = embedded_redis(state.redis, port=port, password=credentials.redis)
    server.initialise()
    return server


def _port(supervisor: Supervisor, name: str) -> int:
    """The port of the running server, else the one it had, else a free one."""
    running = supervisor.find(name)
    if running is not None and running.port is not None:
        return running.port
    port = free_port(supervisor.last_port(name))
    supervisor.remember_port(name, port)
    return port
