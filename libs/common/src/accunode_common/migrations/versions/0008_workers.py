"""Leases name the process that holds them, chunks know their rows, and workers see whether a submitter may still write.

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("messages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        schema="ops",
    )
    op.create_index(op.f("ix_workers_worker_id"), "workers", ["worker_id"], schema="ops")
    op.add_column("chunks", sa.Column("leased_by", sa.Uuid(), nullable=True), schema="bulk")
    op.add_column("chunks", sa.Column("row_numbers", postgresql.INT4MULTIRANGE(), nullable=True), schema="bulk")
    for statement in (
        "ALTER TABLE ops.workers ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE ops.workers FORCE ROW LEVEL SECURITY",
        "CREATE POLICY works ON ops.workers FOR ALL TO accunode_worker USING (true) WITH CHECK (true)",
        "CREATE POLICY relays ON ops.workers FOR ALL TO accunode_relay USING (true) WITH CHECK (true)",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ops.workers TO accunode_worker",
        "GRANT SELECT, DELETE ON ops.workers TO accunode_relay",
        """
        CREATE POLICY frees ON bulk.chunks FOR UPDATE TO accunode_relay
            USING (state = 'leased') WITH CHECK (state = 'ready')
        """,
        "GRANT SELECT (leased_by) ON bulk.chunks TO accunode_relay",
        "GRANT UPDATE (state, attempts, lease_expires_at, leased_by, updated_at) ON bulk.chunks TO accunode_relay",
        "GRANT USAGE ON SCHEMA identity TO accunode_worker",
        "GRANT SELECT (id, status) ON identity.users TO accunode_worker",
        "GRANT SELECT (tenant_id, user_id, organization_id, role) ON identity.memberships TO accunode_worker",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take it back."""
    for statement in (
        "REVOKE SELECT (tenant_id, user_id, organization_id, role) ON identity.memberships FROM accunode_worker",
        "REVOKE SELECT (id, status) ON identity.users FROM accunode_worker",
        "REVOKE USAGE ON SCHEMA identity FROM accunode_worker",
        "REVOKE UPDATE (state, attempts, lease_expires_at, leased_by, updated_at) ON bulk.chunks FROM accunode_relay",
        "DROP POLICY frees ON bulk.chunks",
    ):
        op.execute(statement)
    op.drop_column("chunks", "row_numbers", schema="bulk")
    op.drop_column("chunks", "leased_by", schema="bulk")
    op.drop_table("workers", schema="ops")
