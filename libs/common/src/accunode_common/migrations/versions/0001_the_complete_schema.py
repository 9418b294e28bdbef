"""The complete schema.

Revision: 0001
Follows:
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


SCHEMAS = ("identity", "tenancy", "credit", "bulk", "registry", "audit", "ops")
PLATFORM_TENANT = "00000000-0000-7000-8000-000000000001"
ACCESS = Path(__file__).with_name("0001_access.sql")


def upgrade() -> None:
    """Expand."""
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "occurred_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_events")),
        schema="audit",
    )
    op.create_index(op.f("ix_events_id"), "events", ["id"], unique=False, schema="audit")
    op.create_index(
        op.f("ix_events_tenant_id_action_id"), "events", ["tenant_id", "action", "id"], unique=False, schema="audit"
    )
    op.create_index(
        op.f("ix_events_tenant_id_actor_id_id"), "events", ["tenant_id", "actor_id", "id"], unique=False, schema="audit"
    )
    op.create_index(
        op.f("ix_events_tenant_id_resource_type_resource_id_id"),
        "events",
        ["tenant_id", "resource_type", "resource_id", "id"],
        unique=False,
        schema="audit",
    )
    op.create_table(
        "users",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_sign_ins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("status in ('active', 'deactivated', 'anonymised')", name=op.f("ck_users_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        schema="identity",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("response_headers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("response_body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "key", name=op.f("pk_idempotency_keys")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False, schema="ops"
    )
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox")),
        schema="ops",
    )
    op.create_index(op.f("ix_outbox_id"), "outbox", ["id"], unique=False, schema="ops")
    op.create_table(
        "scaling_decisions",
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scaling_decisions")),
        schema="ops",
    )
    op.create_table(
        "scaling_policies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_scaling_policies")),
        schema="ops",
    )
    op.create_table(
        "model_versions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="candidate", nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promoted_by", sa.Uuid(), nullable=True),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('annual', 'quarterly', 'statement')", name=op.f("ck_model_versions_kind")),
        sa.CheckConstraint(
            "status in ('candidate', 'champion', 'challenger', 'retired')", name=op.f("ck_model_versions_status")
        ),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_model_versions")),
        schema="registry",
    )
    op.create_index(
        "uq_model_versions_champion",
        "model_versions",
        ["kind"],
        unique=True,
        schema="registry",
        postgresql_where=sa.text("status = 'champion'"),
    )
    op.create_table(
        "tenants",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("master_scale", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purge_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("status in ('active', 'suspended', 'deleted')", name=op.f("ck_tenants_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
        schema="tenancy",
    )
    op.create_table(
        "seals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["audit.events.tenant_id", "audit.events.id"],
            name=op.f("fk_seals_tenant_id_event_id_events"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_seals")),
        schema="audit",
    )
    op.create_index(op.f("ix_seals_event_id"), "seals", ["event_id"], unique=False, schema="audit")
    op.create_index(
        op.f("ix_seals_tenant_id_event_id"), "seals", ["tenant_id", "event_id"], unique=True, schema="audit"
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "purpose in ('verify_email', 'reset_password', 'mfa_challenge')", name=op.f("ck_one_time_tokens_purpose")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_one_time_tokens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_tokens")),
        schema="identity",
    )
    op.create_index(
        op.f("ix_one_time_tokens_user_id_purpose"),
        "one_time_tokens",
        ["user_id", "purpose"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_recovery_codes_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        schema="identity",
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"], unique=False, schema="identity")
    op.create_table(
        "sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("membership_tenant_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        schema="identity",
    )
    op.create_index(op.f("ix_sessions_user_id_id"), "sessions", ["user_id", "id"], unique=False, schema="identity")
    op.create_table(
        "totp_credentials",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_totp_credentials_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_credentials")),
        schema="identity",
    )
    op.create_table(
        "drift_reports",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "version"],
            ["registry.model_versions.kind", "registry.model_versions.version"],
            name=op.f("fk_drift_reports_kind_version_model_versions"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_drift_reports_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_drift_reports")),
        schema="registry",
    )
    op.create_index(
        op.f("ix_drift_reports_tenant_id_kind_version_id"),
        "drift_reports",
        ["tenant_id", "kind", "version", "id"],
        unique=False,
        schema="registry",
    )
    op.create_table(
        "organizations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("max_users", sa.Integer(), server_default="50", nullable=False),
        sa.Column("global_data_access", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("join_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("join_token_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("max_users > 0", name=op.f("ck_organizations_max_users")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_organizations_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_organizations")),
        schema="tenancy",
    )
    op.create_index(
        "uq_organizations_tenant_id_name_key",
        "organizations",
        ["tenant_id", "name_key"],
        unique=True,
        schema="tenancy",
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_table(
        "jobs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("submitter_organization_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("read_reach", sa.Text(), nullable=False),
        sa.Column("write_reach", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("on_conflict", sa.Text(), server_default="update", nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_key", sa.Text(), nullable=True),
        sa.Column("file_bytes", sa.BigInteger(), nullable=True),
        sa.Column("file_sha256", sa.Text(), nullable=True),
        sa.Column("file_report", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("rows_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_rejected", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("chunks_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("chunks_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(access_level = 'organization') = (organization_id is not null)", name=op.f("ck_jobs_organization_owned")
        ),
        sa.CheckConstraint(
            "access_level <> 'system' or tenant_id = '00000000-0000-7000-8000-000000000001'::uuid",
            name=op.f("ck_jobs_system_owned"),
        ),
        sa.CheckConstraint("access_level in ('personal', 'organization', 'system')", name=op.f("ck_jobs_access_level")),
        sa.CheckConstraint("on_conflict in ('update', 'skip', 'error')", name=op.f("ck_jobs_on_conflict")),
        sa.CheckConstraint(
            "state in ('queued', 'ingesting', 'scoring', 'cancelling', 'completed', 'completed_with_errors', 'failed', 'cancelled')",
            name=op.f("ck_jobs_state"),
        ),
        sa.CheckConstraint(
            "type in ('bulk_upload', 'rescore', 'stress', 'export', 'drift')", name=op.f("ck_jobs_type")
        ),
        sa.CheckConstraint(
            "rows_accepted + rows_rejected + rows_skipped <= rows_total", name=op.f("ck_jobs_row_counts")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_jobs_created_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_jobs_tenant_id_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_jobs_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_jobs")),
        schema="bulk",
    )
    op.create_index(op.f("ix_jobs_tenant_id_type_id"), "jobs", ["tenant_id", "type", "id"], unique=False, schema="bulk")
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["tenant_id", "id"],
        unique=False,
        schema="bulk",
        postgresql_where=sa.text("state in ('queued', 'ingesting', 'scoring', 'cancelling')"),
    )
    op.create_table(
        "companies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("market_cap", sa.Numeric(precision=20, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "scope_id",
            sa.Uuid(),
            sa.Computed(
                "case access_level when 'personal' then created_by when 'organization' then organization_id else tenant_id end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(access_level = 'organization') = (organization_id is not null)",
            name=op.f("ck_companies_organization_owned"),
        ),
        sa.CheckConstraint(
            "access_level <> 'system' or tenant_id = '00000000-0000-7000-8000-000000000001'::uuid",
            name=op.f("ck_companies_system_owned"),
        ),
        sa.CheckConstraint(
            "access_level in ('personal', 'organization', 'system')", name=op.f("ck_companies_access_level")
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_companies_name")),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_companies_created_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_companies_tenant_id_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_companies_tenant_id_tenants")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_companies")),
        sa.UniqueConstraint("tenant_id", "scope_id", "name_key", name=op.f("uq_companies_tenant_id_scope_id_name_key")),
        schema="credit",
    )
    op.create_index(
        op.f("ix_companies_tenant_id_sector_id"),
        "companies",
        ["tenant_id", "sector", "id"],
        unique=False,
        schema="credit",
    )
    op.create_index(
        "uq_companies_tenant_id_scope_id_symbol",
        "companies",
        ["tenant_id", "scope_id", "symbol"],
        unique=True,
        schema="credit",
        postgresql_where=sa.text("symbol is not null"),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_api_keys_tenant_id_organization_id_organizations"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_api_keys_tenant_id_tenants")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_api_keys_user_id_users")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
        schema="identity",
    )
    op.create_index(
        op.f("ix_api_keys_tenant_id_user_id_id"),
        "api_keys",
        ["tenant_id", "user_id", "id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "role in ('super_admin', 'tenant_admin', 'org_admin', 'org_member', 'user')",
            name=op.f("ck_memberships_role"),
        ),
        sa.CheckConstraint(
            "case role"
            " when 'super_admin' then tenant_id = '00000000-0000-7000-8000-000000000001'::uuid and organization_id is null"
            " when 'tenant_admin' then tenant_id <> '00000000-0000-7000-8000-000000000001'::uuid and organization_id is null"
            " when 'user' then organization_id is null"
            " else organization_id is not null end",
            name=op.f("ck_memberships_role_fits_place"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_memberships_tenant_id_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_memberships_tenant_id_tenants")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_memberships_user_id_users")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_memberships")),
        sa.UniqueConstraint(
            "tenant_id",
            "user_id",
            "organization_id",
            name=op.f("uq_memberships_tenant_id_user_id_organization_id"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="identity",
    )
    op.create_index(
        op.f("ix_memberships_tenant_id_organization_id_id"),
        "memberships",
        ["tenant_id", "organization_id", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False, schema="identity")
    op.create_table(
        "refresh_tokens",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["identity.sessions.id"],
            name=op.f("fk_refresh_tokens_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_refresh_tokens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        schema="identity",
    )
    op.create_index(
        op.f("ix_refresh_tokens_session_id"), "refresh_tokens", ["session_id"], unique=False, schema="identity"
    )
    op.create_index(op.f("ix_refresh_tokens_user_id"), "refresh_tokens", ["user_id"], unique=False, schema="identity")
    op.create_table(
        "whitelist_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_whitelist_entries_tenant_id_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "organization_id", "email_key", name=op.f("pk_whitelist_entries")),
        schema="tenancy",
    )
    op.create_table(
        "chunks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_stored", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state in ('ready', 'leased', 'done', 'quarantined', 'cancelled')", name=op.f("ck_chunks_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["bulk.jobs.tenant_id", "bulk.jobs.id"],
            name=op.f("fk_chunks_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", "number", name=op.f("pk_chunks")),
        schema="bulk",
    )
    op.create_index(
        "ix_chunks_leased",
        "chunks",
        ["lease_expires_at"],
        unique=False,
        schema="bulk",
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_table(
        "row_issues",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome in ('rejected', 'skipped')", name=op.f("ck_row_issues_outcome")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["bulk.jobs.tenant_id", "bulk.jobs.id"],
            name=op.f("fk_row_issues_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", "row_number", "position", name=op.f("pk_row_issues")),
        schema="bulk",
    )
    op.create_table(
        "outcomes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("defaulted_on", sa.Date(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "scope_id",
            sa.Uuid(),
            sa.Computed(
                "case access_level when 'personal' then created_by when 'organization' then organization_id else tenant_id end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(access_level = 'organization') = (organization_id is not null)",
            name=op.f("ck_outcomes_organization_owned"),
        ),
        sa.CheckConstraint(
            "access_level <> 'system' or tenant_id = '00000000-0000-7000-8000-000000000001'::uuid",
            name=op.f("ck_outcomes_system_owned"),
        ),
        sa.CheckConstraint(
            "access_level in ('personal', 'organization', 'system')", name=op.f("ck_outcomes_access_level")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_outcomes_created_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["credit.companies.tenant_id", "credit.companies.id"],
            name=op.f("fk_outcomes_tenant_id_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint(
            "tenant_id", "company_id", "defaulted_on", name=op.f("uq_outcomes_tenant_id_company_id_defaulted_on")
        ),
        schema="credit",
    )
    op.create_table(
        "predictions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("fiscal_quarter", sa.SmallInteger(), nullable=True),
        sa.Column("long_term_debt_to_total_capital", sa.Double(), nullable=True),
        sa.Column("total_debt_to_ebitda", sa.Double(), nullable=True),
        sa.Column("net_income_margin", sa.Double(), nullable=True),
        sa.Column("ebit_to_interest_expense", sa.Double(), nullable=True),
        sa.Column("return_on_assets", sa.Double(), nullable=True),
        sa.Column("sga_margin", sa.Double(), nullable=True),
        sa.Column("return_on_capital", sa.Double(), nullable=True),
        sa.Column("amounts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("pd", sa.Double(), nullable=False),
        sa.Column("pd_2y", sa.Double(), nullable=False),
        sa.Column("pd_3y", sa.Double(), nullable=False),
        sa.Column("pd_scorecard", sa.Double(), nullable=False),
        sa.Column("pd_lightgbm", sa.Double(), nullable=False),
        sa.Column("pd_low", sa.Double(), nullable=False),
        sa.Column("pd_high", sa.Double(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("risk_level", sa.Text(), nullable=False),
        sa.Column("reason_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "scope_id",
            sa.Uuid(),
            sa.Computed(
                "case access_level when 'personal' then created_by when 'organization' then organization_id else tenant_id end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(access_level = 'organization') = (organization_id is not null)",
            name=op.f("ck_predictions_organization_owned"),
        ),
        sa.CheckConstraint(
            "access_level <> 'system' or tenant_id = '00000000-0000-7000-8000-000000000001'::uuid",
            name=op.f("ck_predictions_system_owned"),
        ),
        sa.CheckConstraint(
            "(kind = 'quarterly') = (fiscal_quarter is not null) and fiscal_quarter between 1 and 4",
            name=op.f("ck_predictions_fiscal_quarter"),
        ),
        sa.CheckConstraint(
            "access_level in ('personal', 'organization', 'system')", name=op.f("ck_predictions_access_level")
        ),
        sa.CheckConstraint("kind in ('annual', 'quarterly', 'statement')", name=op.f("ck_predictions_kind")),
        sa.CheckConstraint(
            "risk_level in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')", name=op.f("ck_predictions_risk_level")
        ),
        sa.CheckConstraint("(job_id is null) = (row_number is null)", name=op.f("ck_predictions_job_row")),
        sa.CheckConstraint("fiscal_year between 1900 and 2100", name=op.f("ck_predictions_fiscal_year")),
        sa.CheckConstraint(
            "pd between 0 and 1 and pd_2y between pd and 1 and pd_3y between pd_2y and 1",
            name=op.f("ck_predictions_pd"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_predictions_created_by_users")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["credit.companies.tenant_id", "credit.companies.id"],
            name=op.f("fk_predictions_tenant_id_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["bulk.jobs.tenant_id", "bulk.jobs.id"],
            name=op.f("fk_predictions_tenant_id_job_id_jobs"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            name=op.f("fk_predictions_tenant_id_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_predictions")),
        sa.UniqueConstraint(
            "tenant_id",
            "company_id",
            "kind",
            "fiscal_year",
            "fiscal_quarter",
            name=op.f("uq_predictions_tenant_id_company_id_kind_fiscal_year_fiscal_quarter"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="credit",
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_job_id_row_number"),
        "predictions",
        ["tenant_id", "job_id", "row_number"],
        unique=False,
        schema="credit",
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_kind_id"),
        "predictions",
        ["tenant_id", "kind", "id"],
        unique=False,
        schema="credit",
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_kind_pd_id"),
        "predictions",
        ["tenant_id", "kind", "pd", "id"],
        unique=False,
        schema="credit",
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_kind_risk_level_id"),
        "predictions",
        ["tenant_id", "kind", "risk_level", "id"],
        unique=False,
        schema="credit",
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_scope_id_kind_id"),
        "predictions",
        ["tenant_id", "scope_id", "kind", "id"],
        unique=False,
        schema="credit",
    )
    op.create_table(
        "prediction_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "prediction_id"],
            ["credit.predictions.tenant_id", "credit.predictions.id"],
            name=op.f("fk_prediction_versions_tenant_id_prediction_id_predictions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_prediction_versions")),
        sa.UniqueConstraint(
            "tenant_id", "prediction_id", "version", name=op.f("uq_prediction_versions_tenant_id_prediction_id_version")
        ),
        schema="credit",
    )
    op.create_table(
        "shadow_scores",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("pd", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "prediction_id"],
            ["credit.predictions.tenant_id", "credit.predictions.id"],
            name=op.f("fk_shadow_scores_tenant_id_prediction_id_predictions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "prediction_id", "version", name=op.f("pk_shadow_scores")),
        schema="registry",
    )
    op.get_bind().exec_driver_sql(ACCESS.read_text(), execution_options={"no_parameters": True})
    op.execute("SELECT set_config('app.write_reach', 'platform', true)")
    op.execute(f"INSERT INTO tenancy.tenants (id, name, slug) VALUES ('{PLATFORM_TENANT}', 'Platform', 'platform')")


def downgrade() -> None:
    """Take it back."""
    for schema in SCHEMAS:
        op.execute(f"DROP SCHEMA {schema} CASCADE")
