"""Every feature set a model file can name."""

from collections.abc import Mapping
from types import MappingProxyType

from accunode_scoring.features import ANNUAL, QUARTERLY, FeatureSet
from accunode_scoring.monotone_ratios import ANNUAL_2, QUARTERLY_2
from accunode_scoring.statement import STATEMENT, STATEMENT_MARKET

FEATURE_SETS: Mapping[str, FeatureSet] = MappingProxyType(
    {
        feature_set.name: feature_set
        for feature_set in (ANNUAL, QUARTERLY, STATEMENT, STATEMENT_MARKET, ANNUAL_2, QUARTERLY_2)
    }
)
