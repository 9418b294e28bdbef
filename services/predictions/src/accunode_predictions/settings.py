"""What the predictions service is configured with."""

from accunode_common.settings import ModelSettings, VerifierSettings


class PredictionsSettings(VerifierSettings, ModelSettings):
    """The settings of an API process of this service."""
