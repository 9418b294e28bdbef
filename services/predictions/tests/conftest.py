"""The predictions service over the test servers, and what its tests create."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller
from accunode_common.testing.plugin import SettingsFactory
from accunode_predictions.app import create_app
from accunode_predictions.settings import PredictionsSettings

ANNUAL_RATIOS = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": 4.8,
    "return_on_assets": 3.7,
}
QUARTERLY_RATIOS = {
    "total_debt_to_ebitda": 3.2,
    "sga_margin": 21.0,
    "long_term_debt_to_total_capital": 42.5,
    "return_on_capital": 9.4,
}

Store = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
async def api(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    """The running service."""
    settings = make_settings(PredictionsSettings, DatabaseRole.PREDICTIONS)
    async with running(create_app(settings, key_source=issuer.source)) as client:
        yield client


@pytest.fixture
def annual_body() -> Callable[..., dict[str, Any]]:
    """Makes bodies of POST /predictions/annual."""

    def make(name: str = "Northwind Energy Corp", **changes: Any) -> dict[str, Any]:
        return {"company": {"name": name}, "fiscal_year": 2024, "ratios": ANNUAL_RATIOS, **changes}

    return make


@pytest.fixture
def quarterly_body() -> Callable[..., dict[str, Any]]:
    """Makes bodies of POST /predictions/quarterly."""

    def make(name: str = "Northwind Energy Corp", **changes: Any) -> dict[str, Any]:
        return {
            "company": {"name": name},
            "fiscal_year": 2024,
            "fiscal_quarter": 2,
            "ratios": QUARTERLY_RATIOS,
            **changes,
        }

    return make


@pytest.fixture
def store(api: ServiceClient) -> Store:
    """Stores an annual prediction, and gives the reply's document."""

    async def create(caller: Caller, name: str = "Northwind Energy Corp", **changes: Any) -> dict[str, Any]:
        ratios = {**ANNUAL_RATIOS, **changes.pop("ratios", {})}
        company = {"name": name, **changes.pop("company", {})}
        body = {"company": company, "fiscal_year": 2024, "ratios": ratios, **changes}
        reply = await api.as_(caller).post("/api/v1/predictions/annual", json=body)
        assert reply.status_code == 201, reply.text
        document: dict[str, Any] = reply.json()
        return document

    return create
