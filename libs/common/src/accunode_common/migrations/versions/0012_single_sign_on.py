"""Single sign-on: a tenant's provider, its mail domains, and whom the provider vouched for.

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ACCESS = (
    "ALTER TABLE identity.sso_connections ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.sso_connections FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.sso_connections FOR SELECT USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')",
    "CREATE POLICY inserts ON identity.sso_connections FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY updates ON identity.sso_connections FOR UPDATE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY deletes ON identity.sso_connections FOR DELETE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identity.sso_connections TO accunode_auth",
    "ALTER TABLE identity.sso_domains ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.sso_domains FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.sso_domains FOR SELECT USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))",
    "CREATE POLICY inserts ON identity.sso_domains FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid and confirmed_at is null)",
    "CREATE POLICY updates ON identity.sso_domains FOR UPDATE USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform') WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform')",
    "CREATE POLICY deletes ON identity.sso_domains FOR DELETE USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid))",
    "GRANT SELECT, INSERT, UPDATE (confirmed_at, confirmed_by, updated_at), DELETE ON identity.sso_domains TO accunode_auth",
    "ALTER TABLE identity.federated_identities ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.federated_identities FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.federated_identities FOR SELECT USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))",
    "CREATE POLICY inserts ON identity.federated_identities FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY updates ON identity.federated_identities FOR UPDATE USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid)",
    "CREATE POLICY deletes ON identity.federated_identities FOR DELETE USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid))",
    "GRANT SELECT, INSERT, UPDATE (last_used_at, withdrawn_at), DELETE ON identity.federated_identities TO accunode_auth",
    "ALTER TABLE identity.sso_sessions ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity.sso_sessions FORCE ROW LEVEL SECURITY",
    "CREATE POLICY reads ON identity.sso_sessions FOR SELECT USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))",
    "CREATE POLICY inserts ON identity.sso_sessions FOR INSERT WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))",
    "GRANT SELECT, INSERT ON identity.sso_sessions TO accunode_auth",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "sso_connections",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("provider", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_claim", sa.Text(), nullable=False),
        sa.Column("role_claim", sa.Text(), nullable=True),
        sa.Column("role_values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organization_claim", sa.Text(), nullable=True),
        sa.Column("organization_values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("default_role", sa.Text(), nullable=True),
        sa.Column("default_organization_id", sa.Uuid(), nullable=True),
        sa.Column("just_in_time", sa.Boolean(), nullable=False),
        sa.Column("enforced", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "default_role in ('super_admin', 'tenant_admin', 'org_admin', 'org_member', 'user')",
            name=op.f("ck_sso_connections_default_role"),
        ),
        sa.CheckConstraint(
            "default_role not in ('super_admin', 'user')", name=op.f("ck_sso_connections_default_role_in_tenant")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "default_organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_sso_connections_tenant_id_default_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_sso_connections_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_sso_connections")),
        schema="identity",
    )
    op.create_table(
        "sso_domains",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_sso_domains_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "domain", name=op.f("pk_sso_domains")),
        schema="identity",
    )
    op.create_index(
        "uq_sso_domains_domain_confirmed",
        "sso_domains",
        ["domain"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("confirmed_at is not null"),
    )
    op.create_table(
        "federated_identities",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_federated_identities_tenant_id_tenants")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_federated_identities_user_id_users")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_federated_identities")),
        sa.UniqueConstraint(
            "tenant_id", "issuer", "subject", name=op.f("uq_federated_identities_tenant_id_issuer_subject")
        ),
        schema="identity",
    )
    op.create_index(
        op.f("ix_federated_identities_user_id"), "federated_identities", ["user_id"], unique=False, schema="identity"
    )
    op.create_table(
        "sso_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("provider_session_id", sa.Text(), nullable=True),
        sa.Column("id_token_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["identity.sessions.id"],
            name=op.f("fk_sso_sessions_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_sso_sessions_tenant_id_tenants")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_sso_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", name=op.f("pk_sso_sessions")),
        schema="identity",
    )
    op.create_index(op.f("ix_sso_sessions_session_id"), "sso_sessions", ["session_id"], unique=False, schema="identity")
    op.create_index(
        op.f("ix_sso_sessions_tenant_id_issuer_subject"),
        "sso_sessions",
        ["tenant_id", "issuer", "subject"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        op.f("ix_sso_sessions_tenant_id_provider_session_id"),
        "sso_sessions",
        ["tenant_id", "provider_session_id"],
        unique=False,
        schema="identity",
    )
    for statement in ACCESS:
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take it back."""
    op.drop_table("sso_sessions", schema="identity")
    op.drop_table("federated_identities", schema="identity")
    op.drop_table("sso_domains", schema="identity")
    op.drop_table("sso_connections", schema="identity")
