"""Compare addresses by the rule that makes no two mailboxes one: give those with other than ASCII letters new keys.

The old rule folded more, so that no two accounts can get the same key now. Whitelists hold keys only: theirs stay.

Revision: 0014
Follows: 0013
"""

import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _new(address: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address.strip()).lower())


def _old(address: str) -> str:
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def upgrade() -> None:
    """Expand."""
    _rekey(_new)


def downgrade() -> None:
    """Take it back."""
    _rekey(_old)


def _rekey(rule: Callable[[str], str]) -> None:
    bind = op.get_bind()
    for name in ("read_reach", "write_reach"):
        op.execute(f"SELECT set_config('app.{name}', 'platform', true)")
    for table in ("users", "invitations"):
        found = bind.execute(sa.text(f"SELECT id, email FROM identity.{table} WHERE email ~ '[^[:ascii:]]'")).all()
        for row_id, email in found:
            # Only a person's own transaction changes the address.
            bind.execute(sa.text("SELECT set_config('app.user_id', :id, true)"), {"id": str(row_id)})
            bind.execute(
                sa.text(f"UPDATE identity.{table} SET email_key = :key WHERE id = :id"),
                {"key": rule(email), "id": row_id},
            )
    op.execute("SELECT set_config('app.user_id', '', true)")
