"""An index by risk level: levels are those of a tenant's own scale, so that bands no longer tell which rows have one.

Revision: 0026
Follows: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_INDEX = "ix_predictions_tenant_id_scope_id_kind_risk_level_pd_band_id"


def upgrade() -> None:
    """Add the index; nothing that is stored changes: a grade and a level stay as they were given."""
    op.create_index(
        _INDEX,
        "predictions",
        ["tenant_id", "scope_id", "kind", "risk_level", "pd_band", "id"],
        schema="credit",
        postgresql_include=["pd"],
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_INDEX, "predictions", schema="credit")
