"""The relay samples queues and workers once a minute and records what the scaling policy decides.

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MADE = (
    "ALTER TABLE ops.task_counts ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ops.task_counts FORCE ROW LEVEL SECURITY",
    "CREATE POLICY inserts ON ops.task_counts FOR INSERT TO accunode_worker WITH CHECK (true)",
    "CREATE POLICY relays ON ops.task_counts FOR ALL TO accunode_relay USING (true) WITH CHECK (true)",
    "GRANT INSERT ON ops.task_counts TO accunode_worker",
    "GRANT SELECT, DELETE ON ops.task_counts TO accunode_relay",
    "ALTER TABLE ops.scaling_samples ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ops.scaling_samples FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY reads ON ops.scaling_samples FOR SELECT TO accunode_bulk
        USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform')
    """,
    "CREATE POLICY relays ON ops.scaling_samples FOR ALL TO accunode_relay USING (true) WITH CHECK (true)",
    "GRANT SELECT ON ops.scaling_samples TO accunode_bulk",
    "GRANT SELECT, INSERT, DELETE ON ops.scaling_samples TO accunode_relay",
    "CREATE POLICY relays ON ops.scaling_policies FOR ALL TO accunode_relay USING (true) WITH CHECK (true)",
    "GRANT SELECT ON ops.scaling_policies TO accunode_relay",
    "CREATE POLICY relays ON ops.scaling_decisions FOR ALL TO accunode_relay USING (true) WITH CHECK (true)",
    "GRANT SELECT, INSERT, DELETE ON ops.scaling_decisions TO accunode_relay",
    "REVOKE INSERT ON ops.scaling_decisions FROM accunode_bulk",
    """
    CREATE POLICY counts ON ops.outbox FOR SELECT TO accunode_bulk
        USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform')
    """,
    "GRANT SELECT (queue, created_at) ON ops.outbox TO accunode_bulk",
    """
    CREATE POLICY counts ON ops.workers FOR SELECT TO accunode_bulk
        USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform')
    """,
    "GRANT SELECT (id, worker_id, started_at, beat_at, retired, messages) ON ops.workers TO accunode_bulk",
)
_UNDONE = (
    "REVOKE SELECT (id, worker_id, started_at, beat_at, retired, messages) ON ops.workers FROM accunode_bulk",
    "DROP POLICY counts ON ops.workers",
    "REVOKE SELECT (queue, created_at) ON ops.outbox FROM accunode_bulk",
    "DROP POLICY counts ON ops.outbox",
    "GRANT INSERT ON ops.scaling_decisions TO accunode_bulk",
    "REVOKE SELECT, INSERT, DELETE ON ops.scaling_decisions FROM accunode_relay",
    "DROP POLICY relays ON ops.scaling_decisions",
    "REVOKE SELECT ON ops.scaling_policies FROM accunode_relay",
    "DROP POLICY relays ON ops.scaling_policies",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "task_counts",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("waited_seconds", sa.Float(), nullable=False),
        sa.Column("ran_seconds", sa.Float(), nullable=False),
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_counts")),
        schema="ops",
    )
    op.create_table(
        "scaling_samples",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting", postgresql.JSONB(), nullable=False),
        sa.Column("oldest_seconds", postgresql.JSONB(), nullable=False),
        sa.Column("tasks", postgresql.JSONB(), nullable=False),
        sa.Column("queue_length", sa.Integer(), nullable=False),
        sa.Column("outbox_length", sa.Integer(), nullable=False),
        sa.Column("workers_alive", sa.Integer(), nullable=False),
        sa.Column("workers_busy", sa.Integer(), nullable=False),
        sa.Column("leases", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_scaling_samples")),
        schema="ops",
    )
    op.add_column("scaling_policies", sa.Column("updated_by", sa.Uuid(), nullable=True), schema="ops")
    for statement in _MADE:
        op.execute(statement)


def downgrade() -> None:
    """Take it back."""
    for statement in _UNDONE:
        op.execute(statement)
    op.drop_column("scaling_policies", "updated_by", schema="ops")
    op.drop_table("scaling_samples", schema="ops")
    op.drop_table("task_counts", schema="ops")
