"""Let a refresh token that comes twice within seconds be answered with the same successor.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("refresh_tokens", sa.Column("successor_id", sa.Uuid(), nullable=True), schema="identity")
    op.execute("GRANT UPDATE (successor_id) ON identity.refresh_tokens TO accunode_auth")


def downgrade() -> None:
    """Contract."""
    op.drop_column("refresh_tokens", "successor_id", schema="identity")
