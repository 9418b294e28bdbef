"""A search by name that costs in proportion to the owners that its caller sees, not by their square.

Revision: 0025
Follows: 0024
"""

import re
from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Look names up for sets of owners."""
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0025_searched_in_sets.sql").read_text())


def downgrade() -> None:
    """Look them up for all owners at once, as before."""
    before = Path(__file__).with_name("0023_found.sql").read_text()
    function = re.search(r"CREATE (FUNCTION credit\.find_companies.*?\$\$.*?\$\$);", before, re.DOTALL)
    assert function is not None
    op.get_bind().exec_driver_sql(f"CREATE OR REPLACE {function[1]}")
