"""Says whether PostgreSQL and Redis are reached with a process's own settings: `python -m accunode_common.reach`.

It prints one JSON object and ends with 0 when both answer, else with 1 and the reasons. Where a process has no
`ACCUNODE_DATABASE_URL`, the administrator's `ACCUNODE_ADMIN_URL` is tried.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import redis
from pydantic import Field, ValidationInfo, field_validator

from accunode_common.db.session import libpq_url
from accunode_common.environment import ProcessSettings, SettingsError
from accunode_common.log import redact_secrets
from accunode_common.redis_clients import sync_client
from accunode_common.settings import PostgresSettings, PostgresUrl, RedisSettings

TIMEOUT_SECONDS = 5


class PostgresUrls(PostgresSettings):
    """Where PostgreSQL is."""

    admin_url: PostgresUrl | None = None
    """The administrator's URL, of the process that prepares the database."""
    database_url: PostgresUrl | None = Field(default=None, validate_default=True)
    """The process's own URL, which is tried first."""

    @field_validator("database_url", mode="after")
    @classmethod
    def _names_a_database(cls, value: PostgresUrl | None, info: ValidationInfo) -> PostgresUrl | None:
        if value is None and info.data.get("admin_url") is None:
            raise ValueError("is not set, and neither is ACCUNODE_ADMIN_URL")
        return value


class ReachSettings(ProcessSettings):
    """Where the servers are."""

    postgresql: PostgresUrls
    redis: RedisSettings


def reach(settings: ReachSettings) -> dict[str, dict[str, Any]]:
    """What each server answers: `reached`, `tls` and `milliseconds`, or `reached` and `reason`."""
    return {
        "postgresql": _asked(lambda: _postgresql(settings), psycopg.Error),
        "redis": _asked(lambda: _redis(settings), redis.RedisError),
    }


def _postgresql(settings: ReachSettings) -> bool:
    given = settings.postgresql.database_url or settings.postgresql.admin_url
    url = libpq_url(given.get_secret_value() if given else "")
    with psycopg.connect(url, connect_timeout=TIMEOUT_SECONDS) as connection:
        connection.execute("SELECT 1")
        return bool(connection.pgconn.ssl_in_use)


def _redis(settings: ReachSettings) -> bool:
    with sync_client(settings.redis, tries_again=False) as client:
        client.ping()
    return settings.redis.url.get_secret_value().startswith("rediss://")


def _asked(ask: Callable[[], bool], failure: type[Exception]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        tls = ask()
    except failure as error:
        reason = redact_secrets(None, "", {"reason": " ".join(str(error).split())})["reason"]
        return {"reached": False, "reason": reason}
    return {"reached": True, "tls": tls, "milliseconds": round((time.perf_counter() - began) * 1000, 1)}


def main() -> int:
    """Ask both, print what they say, and exit 1 when one is not reached."""
    try:
        found = reach(ReachSettings.from_environment())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if all(server["reached"] for server in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
