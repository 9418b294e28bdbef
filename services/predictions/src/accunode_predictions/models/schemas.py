"""Model versions as clients receive them."""

from typing import Any
from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.credit import PredictionKind
from accunode_common.models.registry import ModelStatus


class ModelOut(ResponseModel):
    """A model version in the registry."""

    kind: PredictionKind
    version: str
    status: ModelStatus = Field(description="One champion per kind serves; a challenger is scored beside it.")
    sha256: str = Field(description="Over the names and hashes of its files.")
    available: bool = Field(description="Whether this process has its files, unchanged, and can score with it.")
    trained_at: UtcTime | None
    promoted_at: UtcTime | None
    promoted_by: UUID | None
    created_at: UtcTime = Field(description="When the registry learnt of it.")
    metrics: dict[str, Any] = Field(description="What was measured in training, as the model's files state it.")


class ModelList(ResponseModel):
    """Every model version, the newest of each kind first."""

    items: list[ModelOut]


class ReferencePopulation(ResponseModel):
    """The population that a ratio's values are held against."""

    ratio: str
    median: float
    usual_low: float = Field(description="0.1 % of the reference population lie below.")
    usual_high: float = Field(description="0.1 % of the reference population lie above.")
    missing_share: float = Field(description="A fraction in [0, 1].")


class ShadowSummary(ResponseModel):
    """What a challenger says of predictions that the champion made, among those that the caller sees."""

    count: int
    mean_difference: float | None = Field(description="Mean of the challenger's probability minus the champion's.")
    mean_absolute_difference: float | None
    largest_difference: float | None = Field(description="The largest, in absolute terms.")


class DriftSummary(ResponseModel):
    """The newest report that holds the tenant's shared records against the training population."""

    created_at: UtcTime
    report: dict[str, Any] = Field(
        description="`stability` is that of the worst column: `stable` below 0.10, `shifting` below 0.25, else "
        "`shifted`; also `stable` where so many rows have such an index by chance, and `too_few` below 50 rows. "
        "`columns` has the population stability index of each ratio and of the score (`pd`) with its p-value and the "
        "shares of missing and out-of-range values, `months` the same by the month of scoring. Each row is held "
        "against the population of the model that scores it; `variants` counts the rows of `plain` and, for "
        "statements with a market value, `market`. `back_test` has the observed default rate by grade against the "
        "mean probability with Jeffreys' test, or null while no outcome is known."
    )


class ModelDetail(ModelOut):
    """A model version with its card and what is watched about it."""

    card: str | None = Field(description="The model card in Markdown; null where the files at hand have none.")
    reference_population: list[ReferencePopulation] = Field(description="Empty where its files are not at hand.")
    shadow: ShadowSummary
    drift: DriftSummary | None = Field(
        description="Null before the first report, and for callers who are in no organization or tenant."
    )


class VersionChoice(InputModel):
    """The version to put into a role."""

    version: str = Field(min_length=1, max_length=100, examples=["1.0.0"])


class ChallengerChoice(InputModel):
    """The version to score beside the champion; null for none."""

    version: str | None = Field(max_length=100)
