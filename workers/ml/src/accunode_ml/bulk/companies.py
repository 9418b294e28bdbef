"""Finds or makes the company of each incoming row, within the job's scope."""

from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from accunode_credit.companies import IDENTIFIERS

ROUNDS = 3
"""How often a company is looked for that somebody else is making at the same time."""

DESCRIPTIONS = ("symbol", "external_id", "sector", "market_cap", "currency")
"""What rows may say of their company beside its name."""


def _find(condition: str) -> TextClause:
    """Notes the company that meets a condition; see `store` for why it is looked up in a lateral subquery."""
    return text(f"""
        update incoming i set obligor = found.id
        from (
            select n.row_number, c.id
            from incoming n cross join lateral (
                select c.id from credit.companies c
                where c.tenant_id = n.tenant_id and c.scope_id = n.scope_id and {condition} offset 0
            ) c
            where n.obligor is null
        ) found
        where found.row_number = i.row_number
    """)  # noqa: S608


_FIND = [(name, _find(f"c.{name} = n.{name}")) for name in IDENTIFIERS]
# In the order of their names, so that two chunks that make the same companies wait for each other instead of dying.
_MAKE = text("""
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by,
        name, name_key, symbol, external_id, sector, market_cap, currency)
    select distinct on (name_key) :tenant_id, company_id, :access_level, :organization_id, :user_id,
        name, name_key, symbol, external_id, sector, market_cap::numeric(20, 2), currency
    from incoming where obligor is null
    order by name_key, fiscal_year desc, fiscal_quarter desc nulls last, row_number
    on conflict do nothing
""")
_FILL = text("""
    with given as materialized (
        select tenant_id, scope_id, obligor,
            (array_agg(symbol order by fiscal_year desc, row_number) filter (where symbol is not null))[1] symbol,
            (array_agg(external_id order by fiscal_year desc, row_number)
                filter (where external_id is not null))[1] external_id,
            (array_agg(sector order by fiscal_year desc, row_number) filter (where sector is not null))[1] sector,
            (array_agg(market_cap order by fiscal_year desc, row_number)
                filter (where market_cap is not null))[1] market_cap,
            (array_agg(currency order by fiscal_year desc, row_number) filter (where currency is not null))[1] currency
        from incoming i
        where outcome is null and obligor is not null
          and not exists (select 1 from incoming made where made.company_id = i.obligor)
        group by tenant_id, scope_id, obligor
    ), fillable as materialized (
        select c.tenant_id, c.id, c.access_level, c.organization_id, c.name, c.name_key,
            g.external_id, g.sector, g.market_cap, g.currency,
            case when c.symbol is null and not exists (
                select 1 from credit.companies other
                where other.tenant_id = g.tenant_id and other.scope_id = g.scope_id and other.symbol = g.symbol
            ) then g.symbol end as symbol
        from (select * from given order by obligor offset 0) g cross join lateral (
            select * from credit.companies c
            where c.tenant_id = g.tenant_id and c.id = g.obligor and (
                (c.symbol is null and g.symbol is not null)
                or (c.external_id is null and g.external_id is not null)
                or (c.sector is null and g.sector is not null)
                or (c.market_cap is null and g.market_cap is not null)
                or (c.currency is null and g.currency is not null)
            )
            offset 0 for no key update
        ) c
    )
    insert into credit.companies as c (tenant_id, id, access_level, organization_id, created_by,
        name, name_key, symbol, external_id, sector, market_cap, currency)
    select tenant_id, id, access_level, organization_id, :user_id,
        name, name_key, symbol, external_id, sector, market_cap::numeric(20, 2), currency
    from fillable
    on conflict (tenant_id, id) do update
    set symbol = coalesce(c.symbol, excluded.symbol), external_id = coalesce(c.external_id, excluded.external_id),
        sector = coalesce(c.sector, excluded.sector), market_cap = coalesce(c.market_cap, excluded.market_cap),
        currency = coalesce(c.currency, excluded.currency), version = c.version + 1, updated_at = now()
""")
_HAS_SYMBOLS = text("select exists (select 1 from incoming where symbol is not null)")
_LEFT = text("select exists (select 1 from incoming where obligor is null)")


def find_companies(session: Session) -> bool:
    """Note the stored company of each row, by symbol and else by name; returns whether every row has one."""
    for name, find in _FIND:
        if name != "symbol" or session.execute(_HAS_SYMBOLS).scalar_one():
            session.execute(find)
    return not session.execute(_LEFT).scalar_one()


def find_or_make_companies(session: Session, scope: dict[str, Any]) -> None:
    """Note the company of each row, and make those that are not there yet."""
    for _ in range(ROUNDS):
        if find_companies(session):
            return
        session.execute(_MAKE, scope)
    find_companies(session)


def fill_companies(session: Session, scope: dict[str, Any]) -> None:
    """Add what rows say of stored companies that nobody knew before; what is known stays.

    Companies that the submitter may not edit are passed over: row-level security does not show them for update.
    """
    session.execute(_FILL, scope)
