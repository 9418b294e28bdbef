"""The master scale that predictions are graded on, as everybody reads it."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_scoring import DEFAULT_SCALE, RISK_LEVEL_BOUNDS, RISK_LEVELS

PATH = "/api/v1/models/master-scale"
OWN = [
    {"name": "1", "upper": 0.01, "midpoint": 0.004, "risk_level": "MEDIUM"},
    {"name": "2", "upper": 1, "midpoint": 0.3, "risk_level": "HIGH"},
]


async def test_the_default_scale_is_shown_with_its_levels_and_what_is_published(
    api: ServiceClient, world: World
) -> None:
    shown = (await api.as_(world.one.org_member).get(PATH)).json()
    assert not shown["own"]
    assert [grade["name"] for grade in shown["grades"]] == list(DEFAULT_SCALE.names)
    assert [grade["lower"] for grade in shown["grades"]] == [0, *(grade["upper"] for grade in shown["grades"][:-1])]
    begins = {
        level: min(g["lower"] for g in shown["grades"] if g["risk_level"] == level) for level in map(str, RISK_LEVELS)
    }
    assert list(begins.values()) == [0, *RISK_LEVEL_BOUNDS]
    assert "bankruptcy" in shown["event"]
    published = {each["agency"]: {rate["grade"]: rate["rate"] for rate in each["rates"]} for each in shown["published"]}
    assert (published["S&P"]["BBB"], published["Moody's"]["B"]) == (0.0014, 0.0727)
    assert all(each["source"]["year"] and each["source"]["url"] for each in shown["published"])
    for grade in shown["grades"]:
        assert grade["lower"] <= grade["midpoint"] <= grade["upper"]
        assert grade["ifd_classes"]
        assert [published[near["agency"]][near["grade"]] for near in grade["nearest"]] == [
            near["rate"] for near in grade["nearest"]
        ]


async def test_a_tenants_own_scale_is_what_its_people_see_and_are_graded_on(
    api: ServiceClient,
    world: World,
    superuser: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    annual_body: Any,
) -> None:
    monkeypatch.setattr("accunode_predictions.serving.service.REFRESH_SECONDS", -1.0)
    superuser.execute("update tenancy.tenants set master_scale = %s where id = %s", [Jsonb(OWN), world.one.id])
    shown = (await api.as_(world.one.org_member).get(PATH)).json()
    assert shown["own"]
    assert [{name: grade[name] for name in OWN[0]} for grade in shown["grades"]] == OWN
    made = (await api.as_(world.one.org_member).post("/api/v1/predictions/annual", json=annual_body())).json()
    grade = next(each for each in OWN if made["pd"] < each["upper"])
    assert (made["grade"], made["risk_level"]) == (grade["name"], grade["risk_level"])
    listed = await api.as_(world.one.org_member).get(
        "/api/v1/predictions/annual", params={"risk_level": made["risk_level"], "sort": "pd"}
    )
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert not (await api.as_(world.two.org_member).get(PATH)).json()["own"]
