"""The operations of all four services, and a witness of what they write."""

from collections.abc import Iterator

import psycopg
import pytest
from tests.applications import Running
from tests.isolation.calls import Call
from tests.isolation.matrix import ROWS
from tests.isolation.witness import Witness, witnessing


@pytest.fixture(scope="module")
def witness(superuser: psycopg.Connection) -> Iterator[Witness]:
    """Tells what was written."""
    with witnessing(superuser) as witness:
        yield witness


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
