"""What is replayed: the inputs of one day, and variations of it to compare."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from accunode_common.scaling import Policy
from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.simulation.day import Weekday, load_day
from accunode_infra.simulation.model import Inputs
from accunode_infra.simulation.platform import load_platform
from accunode_infra.simulation.reading import why
from accunode_infra.simulation.shape import Shape, read_shape
from accunode_infra.simulation.times import load_times
from accunode_infra.templates import CLOUDFORMATION
from accunode_infra.tiers import Tier, Variant


def inputs(
    tier: Tier,
    variant: Variant = Variant.BRIEF,
    *,
    day: Path | None = None,
    weekday: str = Weekday.MONDAY,
    times: Path | None = None,
    seed: int = 1,
    root: Path = CLOUDFORMATION,
) -> Inputs:
    """The day on a tier.

    Raises:
        RefusedError: A file or a template is missing, or does not hold what it should.
        UsageError: There is no such day of the week.
    """
    if weekday not in list(Weekday):
        raise UsageError(f"There is no {weekday}: take one of {', '.join(Weekday)}.")
    return Inputs(
        day=load_day(day),
        weekday=Weekday(weekday),
        shape=read_shape(tier, variant, root=root),
        times=load_times(times),
        platform=load_platform(),
        seed=seed,
    )


def with_users(base: Inputs, concurrent: int) -> Inputs:
    """The same day with more or fewer people."""
    return replace(base, day=base.day.with_users(concurrent))


def users(base: Inputs, counts: Sequence[int]) -> dict[str, Inputs]:
    """The day with each number of people."""
    return {f"{count:,}": with_users(base, count) for count in counts}


def policies(base: Inputs, paths: Sequence[Path]) -> dict[str, Inputs]:
    """The day under the templates' policy and under others.

    Raises:
        RefusedError: A file does not hold a policy.
    """
    found = {"the templates'": base}
    for path in paths:
        try:
            policy = Policy.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise RefusedError(f"{path} does not hold a policy: {why(error)}") from None
        found[f"{policy.name} ({path.name})"] = replace(base, shape=_under(base.shape, policy))
    return found


def _under(shape: Shape, policy: Policy) -> Shape:
    """The same shape with a policy's numbers; its limits are those of the instances, too."""
    api, workers = policy.api, policy.workers
    return replace(
        shape,
        services={name: replace(each, policy=api) for name, each in shape.services.items()},
        workers=workers,
        api_instances=replace(shape.api_instances, minimum=api.minimum, maximum=api.maximum),
        worker_instances=replace(shape.worker_instances, minimum=workers.minimum, maximum=workers.maximum),
    )
