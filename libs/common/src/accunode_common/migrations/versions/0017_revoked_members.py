"""What somebody holds in one tenant is revoked without what they hold in others.

Revision: 0017
Follows: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_CHECK = "ck_revocations_kind"


def upgrade() -> None:
    """Expand."""
    _allow("session", "user", "tenant", "member")


def downgrade() -> None:
    """Contract: the older code knows no such revocations."""
    op.execute("DELETE FROM identity.revocations WHERE kind = 'member'")
    _allow("session", "user", "tenant")


def _allow(*kinds: str) -> None:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(_CHECK), "revocations", schema="identity")
    op.create_check_constraint(op.f(_CHECK), "revocations", f"kind in ({names})", schema="identity")
