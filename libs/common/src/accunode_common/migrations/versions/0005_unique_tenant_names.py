"""The names of tenants that are not deleted are unique.

Revision: 0005
Follows: 0004
"""

import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: of tenants that share a name, the later ones get a number; the column stays nullable for older code."""
    op.add_column("tenants", sa.Column("name_key", sa.Text(), nullable=True), schema="tenancy")
    op.execute("SELECT set_config('app.read_reach', 'platform', true), set_config('app.write_reach', 'platform', true)")
    op.get_bind().execute(sa.text("LOCK TABLE tenancy.tenants IN SHARE ROW EXCLUSIVE MODE"))
    rows = op.get_bind().execute(
        sa.text("SELECT id, name, deleted_at IS NOT NULL AS deleted FROM tenancy.tenants ORDER BY created_at, id")
    )
    taken: set[str] = set()
    for tenant in rows.all():
        name = tenant.name if tenant.deleted else next(free for free in _names(tenant.name) if _key(free) not in taken)
        if not tenant.deleted:
            taken.add(_key(name))
        op.get_bind().execute(
            sa.text("UPDATE tenancy.tenants SET name = :name, name_key = :key WHERE id = :id"),
            {"name": name, "key": _key(name), "id": tenant.id},
        )
    op.execute("SELECT set_config('app.read_reach', '', true), set_config('app.write_reach', '', true)")
    op.create_index(
        "uq_tenants_name_key",
        "tenants",
        ["name_key"],
        unique=True,
        schema="tenancy",
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.execute("GRANT UPDATE (name_key) ON tenancy.tenants TO accunode_tenants")


def downgrade() -> None:
    """Take it back; the numbers stay in the names."""
    op.drop_index("uq_tenants_name_key", "tenants", schema="tenancy")
    op.drop_column("tenants", "name_key", schema="tenancy")


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name} ({number})"
        number += 1


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
