"""Keep passkeys, let a sign-in end in enrolling a factor, and know since when somebody has their role.

Revision: 0010
Follows: 0009
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OWN = "user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)"
_CHANGING = "label, sign_count, backed_up, last_used_at"
_ACCESS = (
    "ALTER TABLE identity.passkeys ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.passkeys FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY reads ON identity.passkeys FOR SELECT USING ({_OWN})",
    f"CREATE POLICY inserts ON identity.passkeys FOR INSERT WITH CHECK ({_OWN})",
    f"CREATE POLICY updates ON identity.passkeys FOR UPDATE USING ({_OWN}) WITH CHECK ({_OWN})",
    f"CREATE POLICY deletes ON identity.passkeys FOR DELETE USING ({_OWN})",
    f"GRANT SELECT, INSERT, UPDATE ({_CHANGING}), DELETE ON identity.passkeys TO accunode_auth",
)
_ROLE_SINCE = (
    """
    CREATE FUNCTION identity.note_role_since() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        NEW.role_since := CASE WHEN NEW.role = OLD.role THEN OLD.role_since ELSE now() END;
        RETURN NEW;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION identity.note_role_since() FROM PUBLIC",
    """
    CREATE TRIGGER note_role_since BEFORE UPDATE ON identity.memberships
        FOR EACH ROW EXECUTE FUNCTION identity.note_role_since()
    """,
    "GRANT UPDATE (role_since) ON identity.memberships TO accunode_auth",
    "GRANT UPDATE (role_since) ON identity.memberships TO accunode_tenants",
)


def _set_purposes(*purposes: str) -> None:
    name, listed = "ck_one_time_tokens_purpose", ", ".join(f"'{purpose}'" for purpose in purposes)
    op.execute(f"ALTER TABLE identity.one_time_tokens DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE identity.one_time_tokens ADD CONSTRAINT {name} CHECK (purpose in ({listed}))")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "passkeys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_passkeys_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        schema="identity",
    )
    op.create_index(op.f("ix_passkeys_user_id_id"), "passkeys", ["user_id", "id"], unique=False, schema="identity")
    since: sa.Column[datetime] = sa.Column(
        "role_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
    op.add_column("memberships", since, schema="identity")
    for statement in (*_ACCESS, *_ROLE_SINCE):
        op.execute(statement)
    _set_purposes("verify_email", "reset_password", "mfa_challenge", "enrolment")


def downgrade() -> None:
    """Contract."""
    op.execute("DELETE FROM identity.one_time_tokens WHERE purpose = 'enrolment'")
    _set_purposes("verify_email", "reset_password", "mfa_challenge")
    op.execute("DROP TRIGGER note_role_since ON identity.memberships")
    op.execute("DROP FUNCTION identity.note_role_since()")
    op.drop_column("memberships", "role_since", schema="identity")
    op.drop_table("passkeys", schema="identity")
