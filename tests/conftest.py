"""The four services: built from settings that lead nowhere, and running over one database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from tests.applications import Application, Running, build
from tests.isolation.things import PASSWORD, Stage

from accunode_auth.admin import generate_key
from accunode_common.testing.app import running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import WorldMaker
from accunode_common.testing.plugin import SettingsFactory
from accunode_devstack.gateway import ROLES


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> list[Application]:
    """Every service's application; nothing is opened, so the addresses need not exist."""
    folder = tmp_path_factory.mktemp("architecture")
    generate_key(folder / "key.pem")
    values: dict[str, Any] = {
        "database_url": "postgresql://somebody:a-long-password@127.0.0.1:9/nowhere",
        "redis_url": "redis://:a-long-password@127.0.0.1:9/0",
        "storage_url": f"file://{folder}/objects",
        "jwks_url": "http://127.0.0.1:9/jwks.json",
        "signing_key_file": folder / "key.pem",
        "mail_url": f"file://{folder}/mail",
        "mfa_key": "a key for tests that nobody else has",
        "password_memory_kib": 64,
        "password_passes": 1,
    }
    return build(lambda _, kind: kind.from_values(values))


@pytest.fixture(scope="session")
async def services(
    make_settings: SettingsFactory, issuer: TestIssuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Running]]:
    """Every service, by the path table."""
    folder = tmp_path_factory.mktemp("services")
    generate_key(folder / "key.pem")
    values: dict[str, Any] = {
        "signing_key_file": folder / "key.pem",
        "mail_url": f"file://{folder}/mail",
        "storage_url": f"file://{folder}/objects",
        "mfa_key": "a key for tests that nobody else has",
        "password_memory_kib": 64,
        "password_passes": 1,
        "join_attempts": 100_000,
        "public_limit_scale": 1000,
        "rate_limit_requests": 100_000,
    }
    built = build(lambda service, kind: make_settings(kind, ROLES[service.name], **values), key_source=issuer.source)
    async with AsyncExitStack() as stack:
        yield [Running(each, await stack.enter_async_context(running(each.app))) for each in built]


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of everybody's password, as cheap as it can be."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


@pytest.fixture
def new_stage(superuser: psycopg.Connection, issuer: TestIssuer, password_hash: str) -> Callable[[], Stage]:
    """Makes a fresh stage."""
    maker = WorldMaker(superuser, issuer, password_hash=password_hash)
    return lambda: Stage(superuser, maker, issuer)
