"""Remember by what each session was begun.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMN = "authentication_methods"


def upgrade() -> None:
    """Expand."""
    for table in ("sessions", "one_time_tokens"):
        column: sa.Column[list[str]] = sa.Column(
            _COLUMN, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        )
        op.add_column(table, column, schema="identity")
        op.execute(f"GRANT UPDATE ({_COLUMN}) ON identity.{table} TO accunode_auth")


def downgrade() -> None:
    """Contract."""
    for table in ("sessions", "one_time_tokens"):
        op.drop_column(table, _COLUMN, schema="identity")
