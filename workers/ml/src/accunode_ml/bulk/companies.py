"""Finds or makes the company of each incoming row, within the job's scope."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

ROUNDS = 3
"""How often a company is looked for that somebody else is making at the same time."""

DESCRIPTIONS = ("symbol", "external_id", "sector", "market_cap", "currency")
"""What rows may say of their company beside its name."""

_BY_NAME = text("""
    update incoming i set obligor = c.id
    from credit.companies c
    where i.obligor is null and c.tenant_id = i.tenant_id and c.scope_id = i.scope_id and c.name_key = i.name_key
""")
_BY_SYMBOL = text("""
    update incoming i set obligor = c.id
    from credit.companies c
    where i.obligor is null and i.symbol is not null
      and c.tenant_id = i.tenant_id and c.scope_id = i.scope_id and c.symbol = i.symbol
""")
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
    with given as (
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
    ), fillable as (
        select c.tenant_id, c.id, g.external_id, g.sector, g.market_cap, g.currency,
            case when c.symbol is null and not exists (
                select 1 from credit.companies other
                where other.tenant_id = g.tenant_id and other.scope_id = g.scope_id and other.symbol = g.symbol
            ) then g.symbol end as symbol
        from given g join credit.companies c on c.tenant_id = g.tenant_id and c.id = g.obligor
        where (c.symbol is null and g.symbol is not null)
           or (c.external_id is null and g.external_id is not null)
           or (c.sector is null and g.sector is not null)
           or (c.market_cap is null and g.market_cap is not null)
           or (c.currency is null and g.currency is not null)
        order by c.id for no key update of c
    )
    update credit.companies c
    set symbol = coalesce(c.symbol, f.symbol), external_id = coalesce(c.external_id, f.external_id),
        sector = coalesce(c.sector, f.sector), market_cap = coalesce(c.market_cap, f.market_cap::numeric(20, 2)),
        currency = coalesce(c.currency, f.currency), version = c.version + 1, updated_at = now()
    from fillable f
    where c.tenant_id = f.tenant_id and c.id = f.id
""")
_LEFT = text("select exists (select 1 from incoming where obligor is null)")


def find_companies(session: Session) -> bool:
    """Note the stored company of each row, by symbol and else by name; returns whether every row has one."""
    session.execute(_BY_SYMBOL)
    session.execute(_BY_NAME)
    return not session.execute(_LEFT).scalar_one()


def find_or_make_companies(session: Session, scope: dict[str, Any]) -> None:
    """Note the company of each row, and make those that are not there yet."""
    for _ in range(ROUNDS):
        if find_companies(session):
            return
        session.execute(_MAKE, scope)
    find_companies(session)


def fill_companies(session: Session) -> None:
    """Add what rows say of stored companies that nobody knew before; what is known stays.

    Companies that the submitter may not edit are passed over: row-level security does not show them for update.
    """
    session.execute(_FILL)
