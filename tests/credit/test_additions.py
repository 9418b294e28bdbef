"""What is added is told as the database holds it, with what the database made of it."""

from typing import Any

import pytest
from sqlalchemy import inspect, select

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import Database
from accunode_common.models.columns import AccessLevel
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_credit.columns import stored_inputs, stored_score
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.scope import ownership
from accunode_predictions.companies import repository as companies
from accunode_predictions.predictions import repository as predictions
from accunode_scoring import Kind, ModelLibrary


def held(row: Any) -> dict[str, Any]:
    """All that an object has."""
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}


@pytest.mark.parametrize("level", [AccessLevel.PERSONAL, AccessLevel.ORGANIZATION])
async def test_an_added_row_is_what_the_database_holds(
    make_settings: SettingsFactory, world: World, level: AccessLevel
) -> None:
    subject = world.one.org_member.subject
    database = Database(make_settings(DatabaseSettings, DatabaseRole.PREDICTIONS), "test")
    inputs = {"return_on_assets": 3.5, "net_income_margin": 3.5, "total_debt_to_ebitda": 2.0}
    score = ModelLibrary.load().champion(Kind.ANNUAL).score(inputs)
    try:
        async with database.transaction(subject.access) as session:
            named = {**ownership(subject, level), "name": "Köln AG", "name_key": f"köln ag {level}"}
            company = await companies.add(session, named)
            assert company is not None
            assert await companies.add(session, named) is None
            values = {
                **ownership(subject, level),
                "company_id": company.id,
                "kind": Kind.ANNUAL,
                "fiscal_year": 2024,
                **stored_inputs(Kind.ANNUAL, inputs),
                **stored_score(score),
            }
            prediction = await predictions.add(session, values)
            assert prediction is not None
            assert await predictions.add(session, values) is None
            for added, model in ((company, Company), (prediction, Prediction)):
                stored = await session.scalar(select(model).where(model.id == added.id))
                assert held(added) == held(stored)
    finally:
        await database.close()
