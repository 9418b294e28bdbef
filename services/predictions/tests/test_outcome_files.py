"""Files of outcomes that were made to hold the service up."""

import asyncio
import time
from datetime import date

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.hostile import CSV, PARQUET, XLSX
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_predictions.outcomes.csv_file import read_outcomes

FILE = "/api/v1/companies/outcomes/csv"
HEADERS = {"Content-Type": "text/csv"}
MOST_BYTES = 1_000_000


@pytest.mark.parametrize("name", CSV)
async def test_a_hostile_file_is_refused_while_others_are_answered(api: ServiceClient, world: World, name: str) -> None:
    units = 100_000
    content = CSV[name](units)[:MOST_BYTES]
    sent = asyncio.create_task(api.as_(world.one.org_member).post(FILE, content=content, headers=HEADERS))
    slowest = 0.0
    while not sent.done():
        began = time.monotonic()
        assert (await api.http.get("/health")).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0)
    assert_problem(await sent, 422)
    assert slowest < 1


@pytest.mark.parametrize("content", [XLSX["cells without end"](10), PARQUET["one long text"](10)])
async def test_only_text_is_taken(api: ServiceClient, world: World, content: bytes) -> None:
    reply = await api.as_(world.one.org_member).post(FILE, content=content, headers=HEADERS)
    assert "save the table as CSV" in assert_problem(reply, 422, fault="unsupported_format")["detail"]


@pytest.mark.parametrize("header", ["Default-Date,Ticker,EVENT", "\uff24efaulted on,SYMBOL (x),event,note"])
def test_headings_mean_columns_by_the_rule_of_uploads(header: str) -> None:
    (item,) = read_outcomes(f"{header}\n2024-05-06,NWEC,bankruptcy,a note\n".encode())
    assert (item.symbol, item.defaulted_on, item.event) == ("NWEC", date(2024, 5, 6), "bankruptcy")


async def test_nobody_unknown_has_a_file_read(api: ServiceClient) -> None:
    reply = await api.as_(None).post(FILE, content=CSV["open quotes"](1_000), headers=HEADERS)
    assert_problem(reply, 401)
