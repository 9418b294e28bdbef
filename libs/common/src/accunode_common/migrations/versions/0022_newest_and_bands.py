"""A narrow table of the newest predictions instead of a mark on the wide rows, bands of probability, indexes for lists.

The band is generated, and triggers keep the rest, so that code from before writes both. The mark was in no release:
what reads it is of the same release as this.

Revision: 0022
Follows: 0021
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BOUNDS = (
    "0.0001,0.0001117,0.0001247,0.0001393,0.0001555,0.0001737,0.0001939,0.0002166,0.0002418,0.00027,"
    "0.0003016,0.0003368,0.0003761,0.0004199,0.000469,0.0005237,0.0005848,0.0006531,0.0007293,0.0008144,"
    "0.0009094,0.0010155,0.0011341,0.0012664,0.0014142,0.0015793,0.0017636,0.0019694,0.0021992,0.0024559,"
    "0.0027425,0.0030625,0.00342,0.0038191,0.0042648,0.0047625,0.0053183,0.005939,0.0066321,0.0074061,"
    "0.0082704,0.0092356,0.0103134,0.011517,0.0128611,0.014362,0.0160381,0.0179098,0.02,0.0211788,"
    "0.0224271,0.0237489,0.0251487,0.0266309,0.0282005,0.0298627,0.0316228,0.0334866,0.0354603,0.0375503,"
    "0.0397635,0.0421072,0.044589,0.047217,0.05,0.0535538,0.0573601,0.061437,0.0658037,0.0704807,"
    "0.0754902,0.0808557,0.0866025,0.0927579,0.0993507,0.1064121,0.1139754,0.1220762,0.1307528,0.1400462,"
    "0.15,0.1688829,0.1901428,0.214079,0.2410285,0.2713706,0.3055322,0.3439944,0.3872983,0.4360536,"
    "0.4909466,0.5527497,0.622333,0.7006758,0.7888808,0.8881896"
)
_INDEXES: dict[str, tuple[str, list[str]]] = {
    "ix_companies_tenant_id_scope_id_id": ("companies", ["tenant_id", "scope_id", "id"]),
    "ix_predictions_tenant_id_scope_id_kind_pd_band_id": (
        "predictions",
        ["tenant_id", "scope_id", "kind", "pd_band", "id"],
    ),
    "ix_newest_predictions_level": (
        "newest_predictions",
        ["tenant_id", "scope_id", "risk_level", "company_id"],
    ),
    "ix_newest_predictions_band": (
        "newest_predictions",
        ["tenant_id", "scope_id", "kind", "pd_band", "prediction_id"],
    ),
}
_NOT_NEWEST = """
    UPDATE credit.predictions p SET is_newest = false
    FROM credit.predictions n
    WHERE p.tenant_id = n.tenant_id AND p.company_id = n.company_id AND p.kind = n.kind
        AND (p.fiscal_year, coalesce(p.fiscal_quarter, 0)) < (n.fiscal_year, coalesce(n.fiscal_quarter, 0))
"""
_REPLACED = (
    *(f"DROP TRIGGER {name} ON credit.companies" for name in ("count_deleted", "count_moved")),
    *(
        f"DROP TRIGGER {name} ON credit.predictions"
        for name in ("count_changed", "count_removed", "count_added", "keep_newest_removed", "keep_newest_added")
    ),
    *(
        f"DROP FUNCTION credit.{name}()"
        for name in ("repair_counts", "count_of_company", "count_changes", "keep_newest")
    ),
)
_EMPTY = "DELETE FROM credit.prediction_counts"


def upgrade() -> None:
    """One transaction, so that no row is written between the filling of tables and the triggers that keep them."""
    op.execute("DROP TRIGGER mark_first ON credit.predictions")
    for statement in (*_REPLACED, "DROP FUNCTION credit.mark_first()", _EMPTY):
        op.execute(statement)
    op.drop_column("predictions", "is_newest", schema="credit")
    band = sa.Computed(f"width_bucket(pd, '{{{_BOUNDS}}}'::double precision[])::smallint", persisted=True)
    op.add_column("predictions", sa.Column("pd_band", sa.SmallInteger(), band, nullable=False), schema="credit")
    op.create_table(
        "newest_predictions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("fiscal_quarter", sa.SmallInteger(), nullable=True),
        sa.Column("pd", sa.Double(), nullable=False),
        sa.Column("pd_band", sa.SmallInteger(), nullable=False),
        sa.Column("pd_change", sa.Double(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("risk_level", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "company_id", "kind", name=op.f("pk_newest_predictions")),
        schema="credit",
    )
    op.create_table(
        "pd_counts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("access_level", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_newest", sa.Boolean(), nullable=False),
        sa.Column("pd_band", sa.SmallInteger(), nullable=False),
        sa.Column("predictions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pd_counts")),
        schema="credit",
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0022_newest.sql").read_text())
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns, schema="credit")
    op.create_index(
        "ix_newest_predictions_risen",
        "newest_predictions",
        ["tenant_id", "scope_id", "kind", "pd_change"],
        schema="credit",
        postgresql_where=sa.text("pd_change > 0"),
    )


def downgrade() -> None:
    """Take it back: the mark on the rows, and the functions that keep it, as migration 0020 has them."""
    op.execute("DROP TRIGGER keep_newest_changed ON credit.predictions")
    op.drop_table("newest_predictions", schema="credit")
    for statement in _REPLACED:
        op.execute(statement)
    op.drop_table("pd_counts", schema="credit")
    op.execute("DROP FUNCTION credit.choose_newest(uuid[], uuid[], text[])")
    op.drop_index("ix_companies_tenant_id_scope_id_id", "companies", schema="credit")
    op.drop_column("predictions", "pd_band", schema="credit")
    op.add_column(
        "predictions", sa.Column("is_newest", sa.Boolean(), server_default="true", nullable=False), schema="credit"
    )
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
    op.execute(_EMPTY)
    made = Path(__file__).with_name("0020_counts.sql").read_text()
    op.get_bind().exec_driver_sql(made[made.index("CREATE FUNCTION credit.mark_first") :])
