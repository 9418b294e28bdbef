"""Decisions about model versions."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError, UnprocessableInputError
from accunode_common.http.trail import Trail
from accunode_common.tasks.messages import Queue
from accunode_credit.models.bulk import JobType
from accunode_credit.models.registry import ModelStatus, ModelVersion
from accunode_predictions.jobs import service as jobs
from accunode_predictions.jobs.schemas import AcceptedJob
from accunode_predictions.jobs.service import NewJob
from accunode_predictions.models import repository
from accunode_predictions.models.schemas import (
    DriftSummary,
    ModelDetail,
    ModelList,
    ModelOut,
    ReferencePopulation,
    ShadowSummary,
)
from accunode_predictions.serving.service import Scoring
from accunode_scoring import Kind
from accunode_scoring.model_file import Reference


async def every(scoring: Scoring) -> ModelList:
    """Every version in the registry."""
    await scoring.models.enter_versions(scoring.database)
    versions = await repository.every_version(scoring.session)
    return ModelList(items=[_render(version, scoring) for version in versions])


async def detail(scoring: Scoring, subject: Subject, kind: Kind, version: str) -> ModelDetail:
    """A version with its card, its reference population, and what is watched about it.

    Raises:
        NotFoundError: The registry has no such version.
    """
    await scoring.models.enter_versions(scoring.database)
    found = await _find(scoring.session, kind, version)
    count, mean, absolute, largest = await repository.shadow_summary(scoring.session, kind, version)
    # The report is about the whole tenant: nobody reads it who merely sits in the platform's.
    known = subject.may(Permission.PORTFOLIO_ANALYSE)
    drift = await repository.newest_drift(scoring.session, subject.tenant_id, kind, version) if known else None
    return ModelDetail(
        **_render(found, scoring).model_dump(),
        card=scoring.models.card(kind, version),
        reference_population=_population(scoring, found),
        shadow=ShadowSummary(
            count=count, mean_difference=mean, mean_absolute_difference=absolute, largest_difference=largest
        ),
        drift=None if drift is None else DriftSummary.model_validate(drift),
    )


async def card(scoring: Scoring, kind: Kind, version: str) -> str:
    """The model card of a version in Markdown.

    Raises:
        NotFoundError: The registry has no such version, or the files at hand have no card of it.
    """
    await scoring.models.enter_versions(scoring.database)
    await _find(scoring.session, kind, version)
    text = scoring.models.card(kind, version)
    if text is None:
        raise NotFoundError(f"The files at hand have no card of {kind} model {version}.")
    return text


async def promote(scoring: Scoring, subject: Subject, trail: Trail, kind: Kind, version: str) -> ModelOut:
    """Make a version the champion, or an earlier champion again; the one before it is retired.

    Raises:
        NotFoundError: The registry has no such version.
        ConflictError: Its files are not at hand, or differ from the registry's hash.
    """
    session = scoring.session
    versions = await _locked(scoring, kind)
    chosen = _chosen(versions, kind, version)
    before = next((each for each in versions if each.status == ModelStatus.CHAMPION), None)
    if chosen is before:
        return _render(chosen, scoring)
    _require_files(scoring, chosen)
    if before is not None:
        await repository.set_status(session, before, ModelStatus.RETIRED)
    await repository.set_status(session, chosen, ModelStatus.CHAMPION, subject.user_id)
    await trail.record(
        session,
        "model.promote",
        "model",
        f"{kind}/{version}",
        details={"from": before.version if before is not None else None, "to": version},
    )
    scoring.models.forget()
    return _render(await repository.reload(session, chosen), scoring)


async def challenge(scoring: Scoring, trail: Trail, kind: Kind, version: str | None) -> ModelList:
    """Score a version beside the champion from now on, or none; gives every version of the kind.

    Raises:
        NotFoundError: The registry has no such version.
        ConflictError: It is the champion, or its files are not at hand.
    """
    session = scoring.session
    versions = await _locked(scoring, kind)
    chosen = None if version is None else _chosen(versions, kind, version)
    if chosen is not None:
        if chosen.status == ModelStatus.CHAMPION:
            raise ConflictError("The champion cannot challenge itself.")
        _require_files(scoring, chosen)
    for each in versions:
        if each.status == ModelStatus.CHALLENGER and each is not chosen:
            await repository.set_status(session, each, ModelStatus.CANDIDATE)
    if chosen is not None and chosen.status != ModelStatus.CHALLENGER:
        await repository.set_status(session, chosen, ModelStatus.CHALLENGER)
    await trail.record(session, "model.challenge", "model", kind, details={"to": version})
    scoring.models.forget()
    return ModelList(items=[_render(await repository.reload(session, each), scoring) for each in versions])


async def usable_version(scoring: Scoring, kind: Kind, version: str | None) -> str:
    """The version that a request's body names, or the one that serves.

    Raises:
        UnprocessableInputError: The registry has no such version, or its files are not at hand.
        ServiceUnavailableError: None is named, and none serves.
    """
    if version is None:
        return (await scoring.champion(kind)).version
    await scoring.models.enter_versions(scoring.database)
    found = await repository.version_of(scoring.session, kind, version)
    if found is None or not scoring.models.has(kind, version, found.sha256):
        raise UnprocessableInputError.at(
            "/body/model_version", "unknown_version", f"There is no usable version {version} of the {kind} model."
        )
    return version


async def monitor(scoring: Scoring, subject: Subject, trail: Trail, kind: Kind, version: str) -> AcceptedJob:
    """Have the tenant's shared records held against the population that a version was trained on.

    Raises:
        NotFoundError: The registry has no such version.
        ConflictError: Its files are not at hand.
    """
    await scoring.models.enter_versions(scoring.database)
    _require_files(scoring, await _find(scoring.session, kind, version))
    wanted = NewJob(type=JobType.DRIFT, kind=kind, model_version=version, shared=True, queue=Queue.MAINTENANCE)
    return await jobs.submit(scoring.session, subject, trail, "model.monitor", wanted)


async def _locked(scoring: Scoring, kind: Kind) -> list[ModelVersion]:
    await scoring.models.enter_versions(scoring.database)
    return list(await repository.lock_kind(scoring.session, kind))


def _chosen(versions: list[ModelVersion], kind: Kind, version: str) -> ModelVersion:
    chosen = next((each for each in versions if each.version == version), None)
    if chosen is None:
        raise NotFoundError(f"The registry has no version {version} of the {kind} model.")
    return chosen


def _require_files(scoring: Scoring, version: ModelVersion) -> None:
    if not scoring.models.has(version.kind, version.version, version.sha256):
        raise ConflictError("The files of this version are not at hand, or differ from the registry's hash.")


async def _find(session: AsyncSession, kind: Kind, version: str) -> ModelVersion:
    found = await repository.version_of(session, kind, version)
    if found is None:
        raise NotFoundError(f"The registry has no version {version} of the {kind} model.")
    return found


def _render(version: ModelVersion, scoring: Scoring) -> ModelOut:
    return ModelOut(
        kind=version.kind,
        version=version.version,
        status=ModelStatus(version.status),
        sha256=version.sha256,
        available=scoring.models.has(version.kind, version.version, version.sha256),
        trained_at=version.trained_at,
        promoted_at=version.promoted_at,
        promoted_by=version.promoted_by,
        created_at=version.created_at,
        metrics=version.metrics,
    )


def _population(scoring: Scoring, version: ModelVersion) -> list[ReferencePopulation]:
    kind = version.kind
    if not scoring.models.has(kind, version.version, version.sha256):
        return []
    scorer = scoring.models.scorer(kind, version.version)
    return [_reference(ratio, scorer.model.reference[ratio]) for ratio in scorer.explained]


def _reference(ratio: str, population: Reference) -> ReferencePopulation:
    return ReferencePopulation(
        ratio=ratio,
        median=population.quantiles[len(population.quantiles) // 2],
        usual_low=population.low,
        usual_high=population.high,
        missing_share=population.shares[-1],
    )
