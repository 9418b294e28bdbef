"""Tenants' long-run default rates, and with each prediction the shift of log odds that came of one.

Revision: 0029
Follows: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_IN_TENANT = "tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)"
_MADE = (
    "ALTER TABLE credit.central_tendencies ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE credit.central_tendencies FORCE ROW LEVEL SECURITY",
    f"""
    CREATE POLICY reads ON credit.central_tendencies FOR SELECT USING ({_IN_TENANT}
        or (select nullif(current_setting('app.read_reach', true), '')) = 'platform')
    """,
    f"""
    CREATE POLICY inserts ON credit.central_tendencies FOR INSERT WITH CHECK (
        (select nullif(current_setting('app.write_reach', true), '')) = 'platform' or ({_IN_TENANT}
            and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant'))
    """,
    "GRANT SELECT, INSERT ON credit.central_tendencies TO accunode_tenants",
    "GRANT SELECT ON credit.central_tendencies TO accunode_predictions, accunode_worker",
    "GRANT UPDATE (log_odds_shift) ON credit.predictions TO accunode_predictions, accunode_worker",
)


def upgrade() -> None:
    """Expand: a column with a constant default changes the catalogue alone, and code from before leaves it at 0."""
    op.add_column(
        "predictions", sa.Column("log_odds_shift", sa.Double(), server_default="0", nullable=False), schema="credit"
    )
    op.create_table(
        "central_tendencies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('annual', 'quarterly', 'statement')", name=op.f("ck_central_tendencies_kind")),
        sa.CheckConstraint("rate between 0.0001 and 0.5", name=op.f("ck_central_tendencies_rate")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_central_tendencies_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_central_tendencies")),
        schema="credit",
    )
    op.create_index(
        op.f("ix_central_tendencies_tenant_id_kind_effective_from_id"),
        "central_tendencies",
        ["tenant_id", "kind", "effective_from", "id"],
        schema="credit",
    )
    for statement in _MADE:
        op.execute(statement)


def downgrade() -> None:
    """Take it back; probabilities stay as they were given, without the shift beside them."""
    op.drop_table("central_tendencies", schema="credit")
    op.drop_column("predictions", "log_odds_shift", schema="credit")
