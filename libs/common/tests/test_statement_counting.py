"""The counter of statements."""

import pytest
import sqlalchemy

from accunode_common.db.session import AccessContext
from accunode_common.testing.plugin import Revoker
from accunode_common.testing.statements import at_most


async def test_one_statement_more_than_allowed_fails_and_is_shown(revoker: Revoker) -> None:
    async def send(*words: str) -> None:
        async with revoker.database.transaction(AccessContext()) as session:
            for word in words:
                await session.execute(sqlalchemy.text(f"select '{word}'"))

    await send("a connection is made")
    with at_most(statements=3) as sent:
        await send("one", "two")
    assert [text for text, _ in sent[1:]] == ["select 'one'", "select 'two'"], "the first is the transaction's context"
    told = r"4 statements instead of at most 3:\n1\. (.|\n)*4\. select 'three'"
    with pytest.raises(AssertionError, match=told), at_most(statements=3):
        await send("one", "two", "three")
    await send("nobody counts any more")
    assert len(sent) == 3
