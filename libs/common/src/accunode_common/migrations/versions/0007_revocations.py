"""Keep revocations in the database, so that a Redis that began afresh can be filled with them.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ACCESS = (
    "ALTER TABLE identity.revocations ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.revocations FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.revocations FOR SELECT USING (true)",
    "CREATE POLICY inserts ON identity.revocations FOR INSERT WITH CHECK (true)",
    "CREATE POLICY updates ON identity.revocations FOR UPDATE USING (true) WITH CHECK (true)",
    "CREATE POLICY deletes ON identity.revocations FOR DELETE USING (expires_at < now())",
    "GRANT SELECT, INSERT, UPDATE (moment, expires_at) ON identity.revocations TO accunode_auth, accunode_tenants",
    "GRANT SELECT ON identity.revocations TO accunode_predictions, accunode_bulk",
    "GRANT SELECT, DELETE ON identity.revocations TO accunode_relay",
    "GRANT USAGE ON SCHEMA identity TO accunode_predictions, accunode_bulk, accunode_relay",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "revocations",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('session', 'user', 'tenant')", name=op.f("ck_revocations_kind")),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_revocations")),
        schema="identity",
    )
    op.create_index(op.f("ix_revocations_expires_at"), "revocations", ["expires_at"], unique=False, schema="identity")
    for statement in _ACCESS:
        op.execute(statement)


def downgrade() -> None:
    """Contract."""
    op.drop_table("revocations", schema="identity")
