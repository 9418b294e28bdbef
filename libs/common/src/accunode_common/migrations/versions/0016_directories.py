"""Provisioning: bearer tokens of tenants' directories, and what the directories say of people.

Revision: 0016
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ACCESS = (
    "ALTER TABLE identity.scim_tokens ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.scim_tokens FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.scim_tokens FOR SELECT USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')",
    "CREATE POLICY inserts ON identity.scim_tokens FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY updates ON identity.scim_tokens FOR UPDATE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY deletes ON identity.scim_tokens FOR DELETE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at, updated_at) ON identity.scim_tokens TO accunode_auth",
    "ALTER TABLE identity.scim_users ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.scim_users FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.scim_users FOR SELECT USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')",
    "CREATE POLICY inserts ON identity.scim_users FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY updates ON identity.scim_users FOR UPDATE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY deletes ON identity.scim_users FOR DELETE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.scim_users TO accunode_auth",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "scim_tokens",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_scim_tokens_created_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_scim_tokens_tenant_id_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_scim_tokens_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scim_tokens")),
        schema="identity",
    )
    op.create_table(
        "scim_users",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["identity.invitations.tenant_id", "identity.invitations.id"],
            name=op.f("fk_scim_users_tenant_id_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_scim_users_tenant_id_tenants")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_scim_users_user_id_users")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scim_users")),
        schema="identity",
    )
    op.create_index(
        op.f("ix_scim_users_tenant_id_email_key"), "scim_users", ["tenant_id", "email_key"], schema="identity"
    )
    for statement in ACCESS:
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take it back."""
    op.drop_table("scim_users", schema="identity")
    op.drop_table("scim_tokens", schema="identity")
