"""The requirements' success criteria, phase by phase, each looked up in the account and told with its evidence."""

from collections.abc import Mapping, Sequence

from accunode_infra.verify import phase1, phase2, phase3, phase4, phase5
from accunode_infra.verify.model import Check

PHASES: Mapping[int, Sequence[Check]] = {
    1: phase1.CHECKS,
    2: phase2.CHECKS,
    3: phase3.CHECKS,
    4: phase4.CHECKS,
    5: phase5.CHECKS,
}
"""What is looked at in each phase; a later phase does not repeat what an earlier one asks."""
