"""What deleted predictions said stays for validation, without a name.

Code from before this migration deletes as it did, and leaves the same. Going back drops what was kept.

Revision: 0027
Follows: 0026
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_UNDONE = (
    "DROP TRIGGER unname_deleted ON credit.companies",
    "DROP TRIGGER keep_deleted ON credit.predictions",
    "DROP FUNCTION credit.unname_deleted()",
    "DROP FUNCTION credit.keep_deleted()",
    "DROP POLICY counts_all ON credit.outcomes",
    "DROP POLICY counts_all ON credit.prediction_versions",
)


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "deleted_predictions",
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("obligor_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("fiscal_quarter", sa.SmallInteger(), nullable=True),
        sa.Column("scores", postgresql.JSONB(), nullable=False),
        sa.Column("defaulted_on", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "access_level in ('personal', 'organization', 'system')",
            name=op.f("ck_deleted_predictions_access_level"),
        ),
        sa.CheckConstraint("kind in ('annual', 'quarterly', 'statement')", name=op.f("ck_deleted_predictions_kind")),
        sa.CheckConstraint("access_level <> 'personal'", name=op.f("ck_deleted_predictions_shared")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deleted_predictions")),
        schema="credit",
    )
    for columns in (["tenant_id", "obligor_id"], ["tenant_id", "kind", "id"]):
        name = "_".join(["ix_deleted_predictions", *columns])
        op.create_index(op.f(name), "deleted_predictions", columns, schema="credit")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0027_deleted_predictions.sql").read_text())


def downgrade() -> None:
    """Take it back."""
    for statement in _UNDONE:
        op.execute(statement)
    op.drop_table("deleted_predictions", schema="credit")
