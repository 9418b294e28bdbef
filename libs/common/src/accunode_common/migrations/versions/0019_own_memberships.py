"""People see the tenants and organizations that they are active members of, wherever they work now.

Revision: 0019
Follows: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OWN = """
    select {columns} from identity.memberships m
    where m.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and m.status = 'active'
"""
_SHOWN = {
    "tenancy.tenants": ("id", "m.tenant_id"),
    "tenancy.organizations": ("(tenant_id, id)", "m.tenant_id, m.organization_id"),
}


def upgrade() -> None:
    """Expand: the older code asks for one tenant at a time, and finds it as before."""
    for table, (row, columns) in _SHOWN.items():
        own = _OWN.format(columns=columns)
        op.execute(f"CREATE POLICY shows_members ON {table} FOR SELECT TO accunode_auth USING ({row} in ({own}))")


def downgrade() -> None:
    """Contract."""
    for table in _SHOWN:
        op.execute(f"DROP POLICY shows_members ON {table}")
