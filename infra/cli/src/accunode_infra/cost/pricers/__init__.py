"""One pricer per CloudFormation resource type, and the types that cost nothing."""

from collections.abc import Mapping

from accunode_infra.cost.model import Pricer
from accunode_infra.cost.pricers import compute, data, monitoring, network
from accunode_infra.cost.pricers.free import FREE

PRICERS: Mapping[str, Pricer] = {**compute.PRICERS, **data.PRICERS, **monitoring.PRICERS, **network.PRICERS}
"""What a resource of each type uses in a month."""

__all__ = ["FREE", "PRICERS"]
