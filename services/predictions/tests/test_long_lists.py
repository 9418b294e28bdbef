"""Long lists: what is looked for among the first rows of each owner, and by words of names."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import Database
from accunode_common.http.pagination import Ahead, PageParameters, SortKey, SortOrder, paginate
from accunode_common.ids import new_id
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_credit.models.credit import Company
from accunode_credit.records import visible_scopes
from accunode_predictions.companies import repository
from accunode_predictions.companies.filters import CompanyFilters

WORDS = st.text("ab", min_size=1, max_size=2)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
COMPANIES = st.lists(
    st.tuples(st.sampled_from(["personal", "organization"]), NAMES, st.sampled_from(["A", "B"])),
    max_size=25,
    unique_by=lambda company: company[:2],
)
ORDERS = st.builds(
    lambda columns, descending: SortOrder("order", tuple(SortKey(column, descending) for column in columns)),
    st.sampled_from([(Company.name_key, Company.id), (Company.id,)]),
    st.booleans(),
)
ADD = """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key, sector)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class Companies:
    """The companies that one member sees."""

    def __init__(self, superuser: psycopg.Connection, database: Database, world: World) -> None:
        self.superuser, self.database, self.member, self.one = superuser, database, world.one.org_member, world.one

    def keep(self, companies: list[tuple[str, str, str]]) -> list[tuple[str, UUID, str]]:
        """Have these companies and no others; gives name, id and sector of each."""
        self.superuser.execute("delete from credit.companies where tenant_id = %s", [self.one.id])
        kept = [(name, new_id(), sector) for _, name, sector in companies]
        with self.superuser.cursor() as cursor:
            cursor.executemany(
                ADD,
                [
                    (self.one.id, made, level, organization, self.member.user_id, name, name, sector)
                    for (level, _, _), (name, made, sector) in zip(companies, kept, strict=True)
                    for organization in [self.one.organization_id if level == "organization" else None]
                ],
            )
        return kept

    async def pages(self, order: SortOrder, limit: int, **options: Any) -> list[UUID]:
        """Every page of a list, one after the other."""
        ids: list[UUID] = []
        cursor: str | None = None
        while True:
            async with self.database.transaction(self.member.subject.access) as session:
                page = await self._page(session, order, PageParameters(limit, cursor, False, "list"), **options)
            ids.extend(row["id"] if isinstance(row, dict) else row.id for row in page.rows)
            assert len(page.rows) == limit or page.next_cursor is None
            cursor = page.next_cursor
            if cursor is None:
                return ids

    async def _page(self, session: AsyncSession, order: SortOrder, paging: PageParameters, **options: Any) -> Any:
        subject = self.member.subject
        if "search" in options:
            return await repository.page(session, subject, CompanyFilters(**options), order, paging)
        scopes = visible_scopes(subject, None)
        ahead = Ahead(select(Company), scopes, lambda company: company.sector == "A", options["rows"])
        statement = options.get("statement", select(Company).where(Company.sector == "A"))
        return await paginate(session, statement, order, paging, groups=scopes, ahead=ahead)


@pytest.fixture
async def companies(
    superuser: psycopg.Connection, make_settings: SettingsFactory, world: World
) -> AsyncIterator[Companies]:
    database = Database(make_settings(DatabaseSettings, DatabaseRole.PREDICTIONS), "test")
    yield Companies(superuser, database, world)
    await database.close()


def in_order(found: list[tuple[str, UUID, str]], order: SortOrder) -> list[UUID]:
    by_name = len(order.keys) > 1
    ordered = sorted(found, key=lambda company: company[:2] if by_name else (company[1],))
    return [made for _, made, _ in (reversed(ordered) if order.keys[0].descending else ordered)]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMPANIES, ORDERS, st.integers(1, 4), st.integers(1, 8))
async def test_looking_ahead_gives_the_pages_of_a_plain_sort(
    companies: Companies, stored: list[tuple[str, str, str]], order: SortOrder, limit: int, rows: int
) -> None:
    kept = companies.keep(stored)
    found = in_order([company for company in kept if company[2] == "A"], order)
    assert await companies.pages(order, limit, rows=rows) == found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMPANIES, ORDERS, st.integers(1, 4), NAMES, st.integers(1, 8), st.integers(1, 5))
async def test_a_search_finds_what_begins_with_each_word_else_what_contains_the_text(
    companies: Companies,
    stored: list[tuple[str, str, str]],
    order: SortOrder,
    limit: int,
    text: str,
    rows: int,
    many: int,
) -> None:
    kept = companies.keep(stored)
    by_words = [
        company
        for company in kept
        if all(any(word.startswith(asked) for word in company[0].split()) for asked in text.split())
    ]
    found = in_order(by_words or [company for company in kept if text in company[0]], order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "_LOOKED_AT", rows)
        patch.setattr(repository, "_MANY", many)
        assert await companies.pages(order, limit, search=text) == found


async def test_a_page_that_the_first_rows_fill_asks_for_no_other_statement(companies: Companies) -> None:
    kept = companies.keep([("organization", f"a{number:03}", "A") for number in range(30)])

    async def unasked() -> Select[Company]:
        raise AssertionError("The first rows filled the page.")

    order = SortOrder("order", (SortKey(Company.id, True),))
    assert await companies.pages(order, 4, rows=10, statement=unasked) == in_order(kept, order)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("steel north", ["northern steel ltd"]),
        ("NORTH", ["northern steel ltd"]),
        ("thern", ["northern steel ltd"]),
        ("o'rei", ["o'reilly & sons"]),
        ("reilly", ["o'reilly & sons"]),
        ("sons &", ["o'reilly & sons"]),
        ("at&t", ["at&t inc"]),
        ("at t", ["at&t inc", "atlantic trust"]),
        ("energy", ["gamma 100%_energy"]),
        ("0%_", ["gamma 100%_energy"]),
        ("%", ["gamma 100%_energy"]),
        ("'", ["o'reilly & sons"]),
        ("\\", []),
        ("ste':* | inc", []),
        ("z\u00fcr", ["z\u00fcrich\u2013basel re"]),
        ("basel", ["z\u00fcrich\u2013basel re"]),
        ("\ufdfa" * 100, []),
    ],
)
async def test_signs_part_words_and_are_found_as_they_are(companies: Companies, text: str, names: list[str]) -> None:
    stored = ["northern steel ltd", "o'reilly & sons", "at&t inc", "atlantic trust", "gamma 100%_energy"]
    kept = companies.keep([("organization", name, "A") for name in [*stored, "z\u00fcrich\u2013basel re"]])
    named = {made: name for name, made, _ in kept}
    order = SortOrder("order", (SortKey(Company.name_key, False), SortKey(Company.id, False)))
    assert [named[found] for found in await companies.pages(order, 10, search=text)] == names
