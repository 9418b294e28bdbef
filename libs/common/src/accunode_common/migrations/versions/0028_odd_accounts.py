"""Numbers for the flags of accounts that look wrong, behind those that have been given.

Revision: 0028
Follows: 0027
"""

import re
from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_FORGET = """
    UPDATE credit.predictions SET flag_numbers = nullif(ARRAY(
        SELECT n.number FROM unnest(flag_numbers) WITH ORDINALITY n (number, place)
        WHERE n.number <= 244 ORDER BY n.place
    ), '{}')
    WHERE 244 < ANY (flag_numbers)
"""


def upgrade() -> None:
    """Append to the vocabulary; nothing that is stored changes."""
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0028_odd_accounts.sql").read_text())


def downgrade() -> None:
    """Take the new flags from predictions, and their numbers from the vocabulary."""
    op.get_bind().exec_driver_sql(_FORGET)
    before = Path(__file__).with_name("0021_codes.sql").read_text()
    function = re.search(r"CREATE (FUNCTION credit\.vocabulary.*?\$\$.*?\$\$);", before, re.DOTALL)
    assert function is not None
    op.get_bind().exec_driver_sql(f"CREATE OR REPLACE {function[1]}")
