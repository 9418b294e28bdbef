"""All four services running over one database that a witness watches, and stages to act on."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from argon2 import PasswordHasher
from tests.applications import Running
from tests.isolation.calls import Call
from tests.isolation.matrix import ROWS
from tests.isolation.things import PASSWORD, Stage
from tests.isolation.witness import Witness, witnessing

from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import WorldMaker


@pytest.fixture(scope="module")
def witness(superuser: psycopg.Connection) -> Iterator[Witness]:
    """Tells what was written."""
    with witnessing(superuser) as witness:
        yield witness


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of everybody's password, as cheap as it can be."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


@pytest.fixture
def new_stage(superuser: psycopg.Connection, issuer: TestIssuer, password_hash: str) -> Callable[[], Stage]:
    """Makes a fresh stage."""
    maker = WorldMaker(superuser, issuer, password_hash=password_hash)
    return lambda: Stage(superuser, maker, issuer)


@pytest.fixture(scope="session")
def calls(services: list[Running]) -> dict[str, Call]:
    """Every operation that has a row in the matrix, by its id."""
    rows = {row.name: row for row in ROWS}
    found = {}
    for service in services:
        for operation in service.application.operations:
            name = service.application.document["paths"][operation.path][operation.method.lower()]["operationId"]
            if name in rows:
                found[name] = Call(service, operation, rows[name])
    return found
