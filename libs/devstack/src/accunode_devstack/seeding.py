"""Fills a database with companies and their predictions, for measurements and for tests of plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

_COMPANIES = """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key, sector)
    select %(tenant_id)s, uuidv7(), %(access_level)s, %(organization_id)s, %(user_id)s, name, lower(name),
        'Sector ' || g %% 11
    from generate_series(%(first)s::int, %(last)s::int) g, lateral (
        select initcap(string_agg(syllable, '' order by place)) || ' ' || g || ' ' || (array['Steel', 'Energy',
                'Capital', 'Foods', 'Holdings', 'Systems', 'Logistics', 'Materials', 'Motors', 'Media', 'Mining',
                'Marine', 'Textiles', 'Glass', 'Timber', 'Rail'
            ])[1 + floor(16 * power((hashint4(g) & 65535) / 65536.0, 3))::int] || ' Corp' as name
        from generate_series(1, 4) place, lateral (
            select (array['nor', 'thal', 'win', 'der', 'gos', 'mar', 'ked', 'lum', 'pra', 'sil', 'ver', 'ton', 'bex',
                'ari', 'oqu', 'fen'])[1 + (hashint4(g * 4 + place) & 15)] as syllable
        ) s
    ) n
"""
_PREDICTIONS = """
    insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin,
        ebit_to_interest_expense, return_on_assets, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm,
        pd_low, pd_high, grade, risk_level, reason_codes, flags)
    select c.tenant_id, uuidv7(), c.access_level, c.organization_id, c.created_by, c.id, 'annual', %(year)s, pd, pd * 9,
        pd, pd * 5, pd, '1.0.0', pd, pd, pd, pd, pd, 0, 1, 'G' || width_bucket(ln(pd), -9, 0, 15),
        case when pd < 0.006 then 'LOW' when pd < 0.02 then 'MEDIUM' when pd < 0.05 then 'HIGH' else 'CRITICAL' end,
        array['LEVERAGE', 'COVERAGE', 'PROFITABILITY', 'LIQUIDITY'], array['missing:sga_margin']
    from credit.companies c, lateral (select least(exp(random_normal(-5, 1.5)), 1) as pd where c.id is not null) r
    where c.tenant_id = %(tenant_id)s
        and substring(c.name from '^[A-Z][a-z]+ ([0-9]+) [A-Z][a-z]+ Corp$')::int between %(first)s and %(last)s
        and c.access_level = %(access_level)s
    order by c.id
"""


@dataclass(frozen=True)
class Owner:
    """Whose the records are."""

    tenant_id: UUID
    user_id: UUID
    organization_id: UUID | None = None

    @property
    def access_level(self) -> str:
        """Those of an organization are seen by its members, others by the person."""
        return "personal" if self.organization_id is None else "organization"


def add_companies(connection: psycopg.Connection, owner: Owner, numbers: range) -> None:
    """Add a company for each number, which is a part of its name."""
    connection.execute(_COMPANIES, _values(owner, numbers))


def add_predictions(connection: psycopg.Connection, owner: Owner, numbers: range, years: Sequence[int]) -> None:
    """Add annual predictions of the companies of these numbers, for one year after the other."""
    for year in years:
        connection.execute(_PREDICTIONS, {**_values(owner, numbers), "year": year})


def explain_predictions(connection: psycopg.Connection, owner: Owner, numbers: range, year: int) -> float:
    """Add a prediction to each of these companies in one statement; microseconds for each, without finding them."""
    values = {**_values(owner, numbers), "year": year}
    explained = connection.execute(f"explain (analyze, format json) {_PREDICTIONS}", values).fetchone()
    assert explained is not None
    report = explained[0][0]
    return float(1000 * (report["Execution Time"] - report["Plan"]["Plans"][0]["Actual Total Time"]) / len(numbers))


def _values(owner: Owner, numbers: range) -> dict[str, object]:
    return {
        "tenant_id": owner.tenant_id,
        "user_id": owner.user_id,
        "organization_id": owner.organization_id,
        "access_level": owner.access_level,
        "first": numbers.start,
        "last": numbers.stop - 1,
    }
