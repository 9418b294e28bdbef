"""A worker on ECS protects its task from scale-in while it works, and gives the protection back."""

from collections.abc import Iterator
from typing import Any

import pytest
from ecs_agent import Agent, agent_running

from accunode_ml.protection import EXPIRES_MINUTES, IDLE_SECONDS, RENEW_SECONDS, RETRY_SECONDS, TaskProtection
from accunode_ml.settings import WorkerSettings

ON = {"ProtectionEnabled": True, "ExpiresInMinutes": EXPIRES_MINUTES}
OFF = {"ProtectionEnabled": False}


@pytest.fixture
def agent() -> Iterator[Agent]:
    with agent_running() as server:
        yield server


def test_a_busy_task_is_protected_once_and_an_idle_one_gives_it_back_once(agent: Agent) -> None:
    protection = TaskProtection(agent.uri)
    protection.keep(busy=False, now=0)
    for now in (1, 3, 5):
        protection.keep(busy=True, now=now)
    protection.keep(busy=False, now=5 + IDLE_SECONDS / 2)
    assert agent.asked == [("/api/abc/task-protection/v1/state", ON)]
    for now in (5 + IDLE_SECONDS, 7 + IDLE_SECONDS):
        protection.keep(busy=False, now=now)
    assert agent.states == [ON, OFF]


def test_a_long_task_renews_its_protection_before_it_expires(agent: Agent) -> None:
    protection = TaskProtection(agent.uri)
    assert RENEW_SECONDS + RETRY_SECONDS < EXPIRES_MINUTES * 60
    for now in range(0, int(2 * RENEW_SECONDS) + 2, 2):
        protection.keep(busy=True, now=now)
    assert agent.states == [ON] * 3


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"error": {"Code": "ServerException"}}),
        (200, {"failure": {"Reason": "TASK_NOT_VALID"}}),
        (200, {"protection": {"ProtectionEnabled": False}}),
        (200, {"protection": "yes"}),
        (200, ["protected"]),
        (200, None),
    ],
)
def test_a_failure_is_no_end_and_is_tried_again_after_a_pause(agent: Agent, answer: tuple[int, Any]) -> None:
    protection = TaskProtection(agent.uri)
    agent.answer = answer
    for now in (0, 2, 4):
        protection.keep(busy=True, now=now)
    assert agent.states == [ON]
    agent.answer = None
    protection.keep(busy=True, now=RETRY_SECONDS)
    protection.keep(busy=True, now=RETRY_SECONDS + 2)
    assert agent.states == [ON, ON]


def test_an_agent_that_dribbles_holds_nobody_up(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_ml.protection.TIMEOUT_SECONDS", 0.5)
    protection = TaskProtection(agent.uri)
    agent.dribbles.set()
    protection.keep(busy=True, now=0)
    protection.keep(busy=True, now=RETRY_SECONDS)
    protection.end()
    assert agent.states == [ON], "the first question is still under way"
    agent.dribbles.clear()


def test_no_proxy_is_asked_for_the_agent(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    TaskProtection(agent.uri).keep(busy=True, now=0)
    assert agent.states == [ON]


def test_an_agent_that_is_away_is_no_end() -> None:
    protection = TaskProtection("http://127.0.0.1:9")
    protection.keep(busy=True, now=0)
    protection.end()


def test_the_end_of_the_worker_gives_the_protection_back(agent: Agent) -> None:
    protection = TaskProtection(agent.uri)
    protection.end()
    protection.keep(busy=True, now=0)
    protection.end()
    protection.end()
    assert agent.states == [ON, OFF]


def test_elsewhere_than_on_ecs_nobody_is_asked() -> None:
    protection = TaskProtection(None)
    protection.keep(busy=True, now=0)
    protection.end()


def test_the_agents_address_is_ecs_own_variable(
    worker_settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch, agent: Agent
) -> None:
    monkeypatch.setenv("ECS_AGENT_URI", agent.uri)
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", worker_settings.database.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_REDIS_URL", worker_settings.redis.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_STORAGE_URL", worker_settings.storage.url)
    assert WorkerSettings.from_environment().ecs.agent_uri == agent.uri
    assert worker_settings.ecs.agent_uri is None
