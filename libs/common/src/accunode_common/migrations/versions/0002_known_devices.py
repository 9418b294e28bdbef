"""Remember the devices that people signed in with.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OWN = "user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)"
_COLUMNS = "token_hash, user_agent, ip_address, created_at, last_seen_at, id"
_ACCESS = (
    "ALTER TABLE identity.known_devices ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.known_devices FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY reads ON identity.known_devices FOR SELECT USING ({_OWN})",
    f"CREATE POLICY inserts ON identity.known_devices FOR INSERT WITH CHECK ({_OWN})",
    f"CREATE POLICY updates ON identity.known_devices FOR UPDATE USING ({_OWN}) WITH CHECK ({_OWN})",
    f"CREATE POLICY deletes ON identity.known_devices FOR DELETE USING ({_OWN})",
    f"GRANT SELECT, INSERT, UPDATE ({_COLUMNS}), DELETE ON identity.known_devices TO accunode_auth",
    "GRANT UPDATE (device_id) ON identity.sessions TO accunode_auth",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "known_devices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_known_devices_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
        schema="identity",
    )
    op.create_index(op.f("ix_known_devices_user_id"), "known_devices", ["user_id"], unique=False, schema="identity")
    op.add_column("sessions", sa.Column("device_id", sa.Uuid(), nullable=True), schema="identity")
    op.create_index(op.f("ix_sessions_device_id"), "sessions", ["device_id"], unique=False, schema="identity")
    op.create_foreign_key(
        op.f("fk_sessions_device_id_known_devices"),
        "sessions",
        "known_devices",
        ["device_id"],
        ["id"],
        source_schema="identity",
        referent_schema="identity",
        ondelete="SET NULL",
    )
    for statement in _ACCESS:
        op.execute(statement)


def downgrade() -> None:
    """Contract."""
    op.drop_column("sessions", "device_id", schema="identity")
    op.drop_table("known_devices", schema="identity")
