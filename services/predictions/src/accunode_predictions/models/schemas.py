"""Model versions as clients receive them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from accunode_common.schemas import InputModel, ResponseModel, UtcTime
from accunode_credit.models.registry import ModelStatus
from accunode_predictions.schema_fields import Count, RatioName
from accunode_scoring import Kind

VersionName = Annotated[str, Field(description="The version, unique among those of its kind.", examples=["1.0.0"])]


class ModelOut(ResponseModel):
    """A model version in the registry."""

    kind: Kind = Field(description="Which inputs it scores.")
    version: VersionName
    status: ModelStatus = Field(
        description="One champion per kind serves; a challenger is scored beside it.", examples=["champion"]
    )
    sha256: str = Field(
        description="Over the names and hashes of its files, in hexadecimal.",
        examples=["c1f7a4e09b5d2836e07fa91c4d85b2630f9e7a8d1c64b35f2e09d8a7416cb5e3"],
    )
    available: bool = Field(description="Whether this process has its files, unchanged, and can score with it.")
    trained_at: UtcTime | None = Field(description="When it was trained; null if its files don't say.")
    promoted_at: UtcTime | None = Field(description="When it last became the champion; null for never.")
    promoted_by: UUID | None = Field(
        description="Who made it the champion; null for never, or for the registry's first."
    )
    created_at: UtcTime = Field(description="When the registry learnt of it.")
    metrics: dict[str, Any] = Field(
        description="What was measured in training, as the model's files state it.",
        examples=[{"plain": {"by_year": {"1y": [{"fiscal_year": 2014, "rows": 3496, "defaults": 32, "auc": 0.842}]}}}],
    )


class ModelList(ResponseModel):
    """Every model version, the newest of each kind first."""

    items: list[ModelOut] = Field(description="By kind, the newest version first.")


class ReferencePopulation(ResponseModel):
    """The population that a ratio's values are held against."""

    ratio: RatioName
    median: float = Field(description="The median, in the ratio's own unit.", examples=[2.4])
    usual_low: float = Field(description="0.1 % of the reference population lie below.", examples=[-85.0])
    usual_high: float = Field(description="0.1 % of the reference population lie above.", examples=[41.0])
    missing_share: float = Field(description="How many have none, a fraction in [0, 1].", examples=[0.013])


class ShadowSummary(ResponseModel):
    """What a challenger says of predictions that the champion made, among those that the caller sees."""

    count: Count
    mean_difference: float | None = Field(
        description="Mean of the challenger's probability minus the champion's; null without any.", examples=[0.0004]
    )
    mean_absolute_difference: float | None = Field(
        description="Mean of the same without its sign; null without any.", examples=[0.0011]
    )
    largest_difference: float | None = Field(
        description="The largest, in absolute terms; null without any.", examples=[0.0093]
    )


class DriftSummary(ResponseModel):
    """The newest report that holds the tenant's shared records against the training population."""

    created_at: UtcTime = Field(description="When the report was made.")
    report: dict[str, Any] = Field(
        description="`stability` is that of the worst column: `stable` below 0.10, `shifting` below 0.25, else "
        "`shifted`; also `stable` where so many rows have such an index by chance, and `too_few` below 50 rows. "
        "`columns` has the population stability index of each ratio and of the score (`pd`) with its p-value and the "
        "shares of missing and out-of-range values, `months` the same by the month of scoring. Each row is held "
        "against the population of the model that scores it; `variants` counts the rows of `plain` and, for "
        "statements with a market value, `market`. `back_test` has the observed default rate by grade against the "
        "mean probability with Jeffreys' test, or null while no outcome is known. It tests what was said then: of "
        "each company and year the score that stood at the period's end, or else the first one, not this version's. "
        "`scores` counts those first given before the year of observation was over (`as_given`) and after "
        "(`given_late`), those scored anew since (`replaced_since`) and those of deleted records (`deleted`); "
        "`model_versions` counts the companies by the version that scored them.",
        examples=[{"stability": "stable", "columns": [], "months": [], "variants": {"plain": 412}}],
    )


class ModelDetail(ModelOut):
    """A model version with its card and what is watched about it."""

    card: str | None = Field(
        description="The model card in Markdown; null where the files at hand have none.", examples=[None]
    )
    reference_population: list[ReferencePopulation] = Field(description="Empty where its files are not at hand.")
    shadow: ShadowSummary = Field(description="How its scores beside the champion's differ from those.")
    drift: DriftSummary | None = Field(
        description="Null before the first report, and for callers who are in no organization or tenant."
    )


class VersionChoice(InputModel):
    """The version to put into a role."""

    version: VersionName = Field(min_length=1, max_length=100)


class ChallengerChoice(InputModel):
    """The version to score beside the champion; null for none."""

    version: str | None = Field(
        max_length=100, description="A version of the kind; null ends the comparison.", examples=["1.1.0"]
    )
