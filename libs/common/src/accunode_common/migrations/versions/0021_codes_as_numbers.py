"""Reason codes and flags of a prediction as numbers of one vocabulary, instead of words in each row.

Nothing is rewritten here: rows keep the words until the relay numbers them, and words count where there are any, so that
code from before this migration reads its own rows, and writes rows that are read.

Revision: 0021
Follows: 0020
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NUMBERS = ("reason_numbers", "flag_numbers")
_WORDS = ("reason_codes", "flags")
_BACK_TO_WORDS = """
    UPDATE credit.predictions
    SET reason_codes = credit.codes(reason_numbers), flags = credit.codes(flag_numbers) WHERE reason_codes = '{}'
"""
_UNDONE = (
    "DROP FUNCTION credit.number_codes(uuid, uuid, integer)",
    "DROP FUNCTION credit.code_numbers(text[])",
    "DROP FUNCTION credit.codes(smallint[])",
    "DROP FUNCTION credit.vocabulary()",
)


def upgrade() -> None:
    """Expand: the columns are null in all rows, so that the catalogue alone changes."""
    for name in _NUMBERS:
        op.add_column("predictions", sa.Column(name, postgresql.ARRAY(sa.SmallInteger())), schema="credit")
    for name in _WORDS:
        op.alter_column("predictions", name, server_default="{}", schema="credit")
    op.execute(f"GRANT UPDATE ({', '.join(_NUMBERS)}) ON credit.predictions TO accunode_predictions, accunode_worker")
    made = Path(__file__).with_name("0021_codes.sql").read_text()
    op.get_bind().exec_driver_sql(made)


def downgrade() -> None:
    """Take it back, with every code in words."""
    op.execute(_BACK_TO_WORDS)
    for statement in _UNDONE:
        op.execute(statement)
    for name in _WORDS:
        op.alter_column("predictions", name, server_default=None, schema="credit")
    for name in _NUMBERS:
        op.drop_column("predictions", name, schema="credit")
