"""Let a one-time token move a person to the address that it was mailed to.

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BEFORE = ("verify_email", "reset_password", "mfa_challenge", "enrolment")


def _set_purposes(*purposes: str) -> None:
    name, listed = "ck_one_time_tokens_purpose", ", ".join(f"'{purpose}'" for purpose in purposes)
    op.execute(f"ALTER TABLE identity.one_time_tokens DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE identity.one_time_tokens ADD CONSTRAINT {name} CHECK (purpose in ({listed}))")


def upgrade() -> None:
    """Expand."""
    email: sa.Column[str] = sa.Column("email", sa.Text(), nullable=True)
    op.add_column("one_time_tokens", email, schema="identity")
    op.execute("GRANT UPDATE (email) ON identity.one_time_tokens TO accunode_auth")
    _set_purposes(*_BEFORE, "change_email")


def downgrade() -> None:
    """Contract."""
    op.execute("DELETE FROM identity.one_time_tokens WHERE purpose = 'change_email'")
    _set_purposes(*_BEFORE)
    op.drop_column("one_time_tokens", "email", schema="identity")
