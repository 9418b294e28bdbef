"""A real Redis server on a loopback port, with a password and its append-only file in a folder."""

from dataclasses import dataclass, field
from pathlib import Path

import redis

from accunode_devstack.binaries import find_redis
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program
from accunode_devstack.ports import LOOPBACK

NAME = "redis"
REDIS_AT_LEAST = (6, 2)


@dataclass(frozen=True)
class RedisServer:
    """A server with its files in `home`. `durable` keeps an append-only file; a server for tests keeps nothing."""

    home: Path
    port: int
    binary: Path
    password: str = field(repr=False)
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def initialise(self) -> None:
        """Write the configuration, which holds the password: a command line would show it to every account."""
        self.home.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.home}"',
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            # A full memory must refuse new work, not drop work that was accepted.
            "maxmemory": "512mb",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": '""',
        }
        configuration = self.home / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.chmod(0o600)
        configuration.write_text("".join(f"{name} {value}\n" for name, value in options.items()))

    def program(self) -> Program:
        return Program(
            name=NAME,
            command=(str(self.binary), str(self.home / "redis.conf")),
            folder=self.home,
            environment={"LC_ALL": "C"},
            port=self.port,
        )

    def ready(self) -> bool:
        return answers(self.url)


def embedded_redis(home: Path, *, port: int, password: str, durable: bool = True) -> RedisServer:
    """A server from the program found here. Raises DevstackError when there is none."""
    return RedisServer(home.resolve(), port, find_redis(), password, durable=durable)


def answers(url: str) -> bool:
    """Whether a Redis server answers at `url`. Raises redis.AuthenticationError when it refuses the password."""
    with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            raise
        except redis.RedisError:
            return False


def require_version(url: str) -> None:
    """Raise DevstackError unless the server at `url` answers and is Redis 6.2 or later."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            version = str(client.info("server")["redis_version"])
    except redis.RedisError as error:
        raise DevstackError(f"REDIS_URL leads to no usable Redis: {error}") from None
    if tuple(int(part) for part in version.split(".")[:2]) < REDIS_AT_LEAST:
        raise DevstackError(f"REDIS_URL leads to Redis {version}; 6.2 or later is needed.")
