"""Predictions of the release before have reason codes and flags in words; clients read them as they read any other."""

import csv
import io
from typing import Any

import psycopg
import pytest
from tests.applications import Running

from accunode_common.testing.app import CallerClient
from accunode_common.testing.people import World
from accunode_scoring.codes import CODES

ANNUAL = "/api/v1/predictions/annual"
NAMES = ("reason_codes", "flags")
RATIOS = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": -3.0,
    "net_income_margin": 2.1,
    "return_on_assets": 3.7,
}
IN_WORDS = """
    update credit.predictions set reason_codes = %(reason_codes)s, flags = %(flags)s,
        reason_numbers = %(numbers)s, flag_numbers = %(numbers)s where id = %(id)s
"""


@pytest.fixture
async def client(services: list[Running], world: World) -> CallerClient:
    """A member's client of the predictions service."""
    (found,) = [each.client for each in services if each.application.service.name == "predictions"]
    return found.as_(world.one.org_member)


async def made_as_before(client: CallerClient, superuser: psycopg.Connection, numbers: list[int] | None) -> Any:
    """A prediction that the release before has written, over another's numbers or none."""
    body = {"company": {"name": "Of before"}, "fiscal_year": 2023, "ratios": RATIOS}
    made = (await client.post(ANNUAL, json=body)).json()
    assert [bool(made[name]) for name in NAMES] == [True, True]
    superuser.execute(IN_WORDS, {**{name: made[name] for name in NAMES}, "id": made["id"], "numbers": numbers})
    return made


@pytest.mark.parametrize("numbers", [None, [1, 2, 3, 4]], ids=["new", "edited"])
async def test_codes_in_words_are_read_as_they_were(
    client: CallerClient, superuser: psycopg.Connection, numbers: list[int] | None
) -> None:
    made = await made_as_before(client, superuser, numbers)
    assert (await client.get(f"{ANNUAL}/{made['id']}")).json() == made
    (listed,) = (await client.get(ANNUAL)).json()["items"]
    assert {name: listed[name] for name in NAMES} == {name: made[name] for name in NAMES}
    (exported,) = csv.DictReader(io.StringIO((await client.get(f"{ANNUAL}/export?format=csv")).text))
    assert {name: exported[name].split() for name in NAMES} == {name: made[name] for name in NAMES}


async def test_an_edit_keeps_the_words_in_the_earlier_version_and_numbers_in_the_row(
    client: CallerClient, superuser: psycopg.Connection
) -> None:
    made = await made_as_before(client, superuser, None)
    path = f"{ANNUAL}/{made['id']}"
    edited = (await client.put(path, json={"ratios": {**RATIOS, "return_on_assets": None}})).json()
    again = (await client.put(path, json={})).json()
    assert edited["flags"] == again["flags"] != made["flags"]
    kept = [each["snapshot"] for each in (await client.get(f"{path}/versions")).json()["items"]]
    assert [{name: each[name] for name in NAMES} for each in kept] == [
        {name: each[name] for name in NAMES} for each in (edited, made)
    ]
    columns = "reason_codes, flags, cardinality(reason_numbers), cardinality(flag_numbers)"
    stored = superuser.execute(f"select {columns} from credit.predictions where id = %s", [made["id"]]).fetchone()
    assert stored == ([], [], 4, len(edited["flags"]))


def test_the_database_has_the_same_vocabulary(superuser: psycopg.Connection) -> None:
    assert superuser.execute("select credit.vocabulary()").fetchone() == (list(CODES),)
