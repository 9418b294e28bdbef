"""The predictions service's settings."""

from accunode_common.settings import ModelSettings, VerifierSettings


class PredictionsSettings(VerifierSettings):
    """What the predictions service needs."""

    models: ModelSettings
