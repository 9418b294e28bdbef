"""What the product costs on AWS: reckoned from the templates' own resources and a dated price file.

`month` prices the resources of any stacks, `difference` what a change makes of it, `tier_month` a whole tier.
"""

from accunode_infra.cost.model import Category, Change, Difference, Fleet, Line, Month, Resource, difference
from accunode_infra.cost.month import month
from accunode_infra.cost.tier import Choices, resources_of, tier_month, tier_resources

__all__ = [
    "Category",
    "Change",
    "Choices",
    "Difference",
    "Fleet",
    "Line",
    "Month",
    "Resource",
    "difference",
    "month",
    "resources_of",
    "tier_month",
    "tier_resources",
]
