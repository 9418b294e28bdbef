"""No way leads to more power: a hundred attempts, each refused without a trace in any table."""

import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import psycopg
import pytest
from tests.applications import Running
from tests.isolation.things import Stage, Things
from tests.isolation.witness import Witness, witnessing
from tests.security.attempts import ATTEMPTS, Attempt

from accunode_common.ids import new_id
from accunode_common.routing import API_PREFIX
from accunode_common.testing.routes import service_for

NAME = re.compile(r"{([\w.]+)}")
REFUSED = frozenset({400, 401, 403, 404, 409, 422})


@pytest.fixture(scope="module")
def witness(superuser: psycopg.Connection) -> Iterator[Witness]:
    with witnessing(superuser) as found:
        yield found


def filled(value: Any, known: Callable[[str], str]) -> Any:
    """The value with what its names stand for."""
    match value:
        case str():
            return NAME.sub(lambda found: known(found[1]), value)
        case dict():
            return {key: filled(each, known) for key, each in value.items()}
        case list():
            return [filled(each, known) for each in value]
    return value


def names_of(stage: Stage, things: Things, who: str) -> Callable[[str], str]:
    """What a name stands for."""

    def known(name: str) -> str:
        if name in things.ids:
            return things.ids[name]
        if name == "me":
            return str(stage.caller(who).user_id)
        return new_id().hex if name == "fresh" else str(attrgetter(name)(stage.world))

    return known


def test_there_are_about_a_hundred_attempts_of_different_names() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 95


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
async def test_an_attempt_is_refused_and_changes_nothing(
    attempt: Attempt, services: list[Running], new_stage: Callable[[], Stage], witness: Witness
) -> None:
    stage = new_stage()
    things = stage.make(attempt.target, stage.caller(attempt.who), kind="annual")
    known = names_of(stage, things, attempt.who)
    method, path = filled(f"{attempt.request}", known).split(" ", 1)
    service = service_for((API_PREFIX + path).partition("?")[0])
    running = next(each for each in services if each.application.service == service)
    options: dict[str, Any] = {"headers": {name: filled(value, known) for name, value in attempt.headers}}
    if attempt.body is not None:
        options["json"] = filled(attempt.body, known)
    witness.changes()
    reply = await running.client.as_(stage.callers[attempt.who][0]).request(method, API_PREFIX + path, **options)
    assert reply.status_code in REFUSED, f"{reply.status_code} {reply.text}"
    if reply.status_code == 422:
        assert len(reply.json()["errors"]) == 1, f"refused for more than what it tries: {reply.text}"
    assert [str(change) for change in witness.changes()] == []
