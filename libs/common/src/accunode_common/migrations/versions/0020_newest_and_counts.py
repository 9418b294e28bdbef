"""Which prediction is a company's newest, and how many there are of each sort, kept by the database itself.

Triggers write both, so that code from before this migration does too. Predictions keep three indexes beside their
keys, and the one foreign key that row-level security does not imply: that of the company, whose owner the policies
compare. The index by job serves the rows of an upload; nothing is left for a later migration to take away.

Revision: 0020
Follows: 0019
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_DROPPED_INDEXES = {
    "ix_predictions_tenant_id_kind_id": ["tenant_id", "kind", "id"],
    "ix_predictions_tenant_id_kind_pd_id": ["tenant_id", "kind", "pd", "id"],
    "ix_predictions_tenant_id_kind_risk_level_id": ["tenant_id", "kind", "risk_level", "id"],
}
_DROPPED_KEYS: dict[str, tuple[str, str, list[str], list[str]]] = {
    "fk_predictions_created_by_users": ("identity", "users", ["created_by"], ["id"]),
    "fk_predictions_tenant_id_job_id_jobs": ("bulk", "jobs", ["tenant_id", "job_id"], ["tenant_id", "id"]),
    "fk_predictions_tenant_id_organization_id_organizations": (
        "tenancy",
        "organizations",
        ["tenant_id", "organization_id"],
        ["tenant_id", "id"],
    ),
}
_FIXED = "kind, fiscal_year, fiscal_quarter"
_NOT_NEWEST = """
    UPDATE credit.predictions p SET is_newest = false
    FROM (
        SELECT tenant_id, id, row_number() OVER (
            PARTITION BY tenant_id, company_id, kind ORDER BY fiscal_year DESC, fiscal_quarter DESC
        ) AS age FROM credit.predictions
    ) r
    WHERE r.age > 1 AND p.tenant_id = r.tenant_id AND p.id = r.id
"""
_UNDONE = (
    "DROP TRIGGER count_deleted ON credit.companies",
    "DROP TRIGGER count_moved ON credit.companies",
    "DROP TRIGGER count_changed ON credit.predictions",
    "DROP TRIGGER count_removed ON credit.predictions",
    "DROP TRIGGER count_added ON credit.predictions",
    "DROP TRIGGER keep_newest_removed ON credit.predictions",
    "DROP TRIGGER keep_newest_added ON credit.predictions",
    "DROP TRIGGER mark_first ON credit.predictions",
    "DROP FUNCTION credit.repair_counts()",
    "DROP FUNCTION credit.count_of_company()",
    "DROP FUNCTION credit.count_changes()",
    "DROP FUNCTION credit.keep_newest()",
    "DROP FUNCTION credit.mark_first()",
    "REVOKE USAGE ON SCHEMA credit FROM accunode_relay",
    "DROP POLICY marks_all ON credit.predictions",
    "DROP POLICY counts_all ON credit.predictions",
    "DROP POLICY locks_all ON credit.companies",
    "DROP POLICY counts_all ON credit.companies",
)


def upgrade() -> None:
    """Expand: one transaction, so that no row is written between the first marking and the triggers.

    Indexes go first, so that marking does not keep them. A row is newest unless told otherwise: only others are
    written.
    """
    for name in _DROPPED_INDEXES:
        op.drop_index(name, "predictions", schema="credit")
    for name in _DROPPED_KEYS:
        op.drop_constraint(name, "predictions", schema="credit")
    op.create_table(
        "prediction_counts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("fiscal_quarter", sa.SmallInteger(), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("risk_level", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("is_newest", sa.Boolean(), nullable=False),
        sa.Column("predictions", sa.BigInteger(), nullable=False),
        sa.Column("pd_sum", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_prediction_counts")),
        schema="credit",
    )
    op.add_column(
        "predictions", sa.Column("is_newest", sa.Boolean(), server_default="true", nullable=False), schema="credit"
    )
    made = Path(__file__).with_name("0020_counts.sql").read_text()
    functions, triggers = made.split("SELECT credit.repair_counts();")
    connection = op.get_bind()
    connection.exec_driver_sql(functions)
    op.execute(_NOT_NEWEST)
    op.alter_column("predictions", "is_newest", server_default="false", schema="credit")
    op.create_index(
        "uq_predictions_newest",
        "predictions",
        ["tenant_id", "company_id", "kind"],
        unique=True,
        schema="credit",
        postgresql_where=sa.text("is_newest"),
    )
    op.execute("SELECT credit.repair_counts()")
    connection.exec_driver_sql(triggers)
    op.execute(f"REVOKE UPDATE ({_FIXED}) ON credit.predictions FROM accunode_predictions, accunode_worker")


def downgrade() -> None:
    """Take it back."""
    op.execute(f"GRANT UPDATE ({_FIXED}) ON credit.predictions TO accunode_predictions, accunode_worker")
    for statement in _UNDONE:
        op.execute(statement)
    op.drop_index("uq_predictions_newest", "predictions", schema="credit")
    op.drop_column("predictions", "is_newest", schema="credit")
    op.drop_table("prediction_counts", schema="credit")
    for name, (schema, table, columns, referred) in _DROPPED_KEYS.items():
        op.create_foreign_key(
            name, "predictions", table, columns, referred, source_schema="credit", referent_schema=schema
        )
    for name, columns in _DROPPED_INDEXES.items():
        op.create_index(name, "predictions", columns, schema="credit")
