"""Every role calls every operation with generated requests, and every answer is one that the document describes.

A few requests each in `make test`; `make test-contract EXAMPLES=50 SEED=7` makes many. Schemathesis generates and
checks: no server error, a documented status, the documented content type, and a body by the schema. Half the requests
are about things of the caller's own, so that answers other than 404 are seen; half are wrong in something.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.applications import Running
from tests.isolation.matrix import ELSEWHERE, ROWS
from tests.isolation.patterns import CALLERS
from tests.isolation.things import Stage

EXAMPLES = int(os.environ.get("ACCUNODE_CONTRACT_EXAMPLES", "2"))
SEED = int(os.environ.get("ACCUNODE_CONTRACT_SEED", "1"))
NAMES = [*(row.name for row in ROWS), *ELSEWHERE]
KINDS = ("annual", "quarterly", "statement")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="session")
def described(services: list[Running]) -> Mapping[str, tuple[Running, Any]]:
    """Every operation's service and description, by the operation's id."""
    found = {}
    for service in services:
        for result in schemathesis.openapi.from_dict(service.application.document).get_all_operations():
            operation = result.ok()
            found[operation.definition.raw["operationId"]] = (service, operation)
    return found


def cases(operation: Any, mode: GenerationMode, extra: int) -> list[Case]:
    """Generated requests, the same for the same seed."""
    found: list[Case] = []

    @seed(SEED + extra)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def requests(operation: Any, extra: int) -> Iterator[Case]:
    """Right and wrong requests of an operation; nothing can be wrong in some."""
    yield from cases(operation, GenerationMode.POSITIVE, extra)
    if operation.body or operation.query or operation.path_parameters:
        yield from cases(operation, GenerationMode.NEGATIVE, extra)


@pytest.mark.parametrize("name", NAMES)
async def test_every_answer_is_by_the_document(
    described: Mapping[str, tuple[Running, Any]], new_stage: Callable[[], Stage], name: str
) -> None:
    service, operation = described[name]
    stage, faults, sent = new_stage(), [], 0
    for place, role in enumerate(CALLERS):
        caller = stage.callers[role][0]
        things = stage.make("own", stage.caller(role), kind=KINDS[place % len(KINDS)])
        for number, case in enumerate(requests(operation, place)):
            if number % 2 == 0:
                own = {key: things.ids[key] for key in case.path_parameters or {} if key in things.ids}
                case.path_parameters = {**case.path_parameters, **own}
            options = in_httpx(case.as_transport_kwargs(base_url="http://accunode.test"))
            options["headers"] |= {key.lower(): value for key, value in (caller.headers if caller else {}).items()}
            reply = await service.client.http.request(**options)
            reply.request.read()
            sent += 1
            try:
                case.validate_response(reply, checks=[*CHECKS, *bodies(reply)])
            except (Failure, FailureGroup) as error:
                told = "; ".join(str(each) for each in getattr(error, "exceptions", [error]))
                faults.append(
                    f"{role}: {reply.status_code} {told[:800]} for {case.method} {options['url']} {options.get('json')}"
                )
    assert faults == [], f"{len(faults)} of {sent}, seed {SEED}"


def bodies(reply: httpx.Response) -> list[Any]:
    """The check of the body; a stream of events is one text to OpenAPI 3.1, and many objects to Schemathesis."""
    streams = reply.headers.get("content-type", "").startswith("text/event-stream")
    return [] if streams else [response_schema_conformance]


def in_httpx(options: dict[str, Any]) -> dict[str, Any]:
    """The options of httpx for those of requests."""
    kept = {name: value for name, value in options.items() if name not in {"headers", "data", "cookies"}}
    if (data := options.get("data")) is not None:
        kept["data" if isinstance(data, dict) else "content"] = data
    kept["headers"] = {
        name.lower(): value.encode("latin-1", "replace")
        for name, value in options["headers"].items()
        if name.lower() not in {"authorization", "user-agent", "x-schemathesis-testcaseid"}
    }
    return kept
