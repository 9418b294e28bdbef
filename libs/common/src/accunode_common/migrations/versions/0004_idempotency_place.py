"""Idempotency keys know the place that they were used in, and the record that their reply shows.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: a key from before, whose place is unknown, is refused until it expires."""
    op.add_column("idempotency_keys", sa.Column("place", sa.LargeBinary(), nullable=True), schema="ops")
    op.add_column("idempotency_keys", sa.Column("resource_type", sa.Text(), nullable=True), schema="ops")
    op.add_column("idempotency_keys", sa.Column("resource_id", sa.Text(), nullable=True), schema="ops")


def downgrade() -> None:
    """Take it back."""
    for column in ("resource_id", "resource_type", "place"):
        op.drop_column("idempotency_keys", column, schema="ops")
