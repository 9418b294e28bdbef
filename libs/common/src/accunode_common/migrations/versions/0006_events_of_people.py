"""A tenant's trail has what happens to the credentials of its people, wherever they were signed in.

Revision: 0006
Follows: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.execute(
        """
CREATE POLICY tells_tenants ON audit.events FOR INSERT TO accunode_auth
    WITH CHECK (resource_type = 'user' and resource_id = (select nullif(current_setting('app.user_id', true), '')::uuid)::text and (actor_id is null or actor_id = (select nullif(current_setting('app.user_id', true), '')::uuid)) and exists (select 1 from identity.memberships m where m.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and m.tenant_id = events.tenant_id))
"""
    )


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP POLICY tells_tenants ON audit.events")
