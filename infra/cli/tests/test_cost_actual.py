"""Cost Explorer as moto's server answers it: each question takes the next of the answers that were queued."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer
from typer.testing import Result

from accunode_infra.aws import Session
from accunode_infra.cost.actual import spent

TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def explorer(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    requests.post(f"{server}/moto-api/reset", timeout=10)

    def queue(*answers: dict[str, Any]) -> None:
        url = f"{server}/moto-api/static/ce/cost-and-usage-results"
        requests.post(url, json={"results": list(answers)}, timeout=10).raise_for_status()

    return queue


def answer(today: date, *amounts: dict[str, str]) -> dict[str, Any]:
    """Eight days, the last of them yesterday; each a table of dollars by service."""
    day = timedelta(days=1)
    first = today - len(amounts) * day
    return {
        "ResultsByTime": [
            {
                "TimePeriod": {
                    "Start": str(first + timedelta(days=number)),
                    "End": str(first + timedelta(days=number + 1)),
                },
                "Groups": [
                    {"Keys": [f"Service${service}"], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
                    for service, amount in spent_by.items()
                ],
            }
            for number, spent_by in enumerate(amounts)
        ]
    }


def test_yesterday_stands_beside_the_mean_of_the_seven_days_before_it(explorer: Callable[..., None]) -> None:
    explorer(answer(TODAY, *[{"api": "7.00", "": "0.70"}] * 7, {"api": "7.70", "": "0.70"}))
    total, services = spent(Session(), "production", today=TODAY)
    assert [(each.service, each.day, each.mean) for each in services] == [
        ("api", Decimal("7.7"), 7),
        ("untagged", Decimal("0.7"), Decimal("0.7")),
    ]
    assert not total.alarming


@pytest.mark.parametrize(
    ("before", "yesterday", "alarming"),
    [
        ("10.00", "12.00", False),
        ("10.00", "12.01", True),
        ("0.10", "1.00", False),
        ("0.00", "1.01", True),
        ("10.00", "2.00", False),
    ],
)
def test_a_rise_by_more_than_a_fifth_and_a_dollar_is_alarming(
    explorer: Callable[..., None], before: str, yesterday: str, alarming: bool
) -> None:
    explorer(answer(TODAY, *[{"api": before}] * 7, {"api": yesterday}))
    total, _ = spent(Session(), "production", today=TODAY)
    assert total.alarming is alarming


def test_a_service_that_is_new_yesterday_has_no_rise_to_name(explorer: Callable[..., None]) -> None:
    explorer(answer(TODAY, *[{"api": "5.00"}] * 7, {"api": "5.00", "worker": "3.00"}))
    _, services = spent(Session(), "production", today=TODAY)
    new = next(each for each in services if each.service == "worker")
    assert (new.rise, new.alarming) == (None, True)


def test_the_command_names_what_rose_and_exits_with_four(
    run: Callable[..., Result], explorer: Callable[..., None]
) -> None:
    today = datetime.now(UTC).date()
    explorer(answer(today, *[{"api": "5.00", "data": "1.00"}] * 7, {"api": "9.00", "data": "1.00"}))
    result = run("cost", "actual", "--json")
    assert result.exit_code == 4, result.output
    assert json.loads(result.stdout)["alarming"] == ["api", "total"]
    assert "api ($9.00 against $5.00)" in result.stderr


def test_the_command_is_done_when_nothing_rose(run: Callable[..., Result], explorer: Callable[..., None]) -> None:
    explorer(answer(datetime.now(UTC).date(), *[{"api": "5.00"}] * 8))
    result = run("cost", "actual")
    assert result.exit_code == 0, result.output
    assert "5.00" in result.stdout


def test_without_credentials_the_command_says_what_to_do(run: Callable[..., Result]) -> None:
    result = run("cost", "actual")
    assert result.exit_code == 3
    assert "No AWS credentials were found" in result.stderr


def test_nothing_is_asked_of_cost_explorer_beyond_the_environment(explorer: Callable[..., None]) -> None:
    session = Session()
    asked: list[dict[str, Any]] = []
    session.events.register("provide-client-params.ce.GetCostAndUsage", lambda params, **_: asked.append(params))
    explorer(answer(TODAY, *[{"api": "5.00"}] * 8))
    spent(session, "staging", today=TODAY)
    assert [call["Filter"] for call in asked] == [{"Tags": {"Key": "Environment", "Values": ["staging"]}}]
    assert asked[0]["TimePeriod"] == {"Start": "2026-11-18", "End": "2026-11-26"}
