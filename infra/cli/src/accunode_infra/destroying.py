"""Takes stacks away, each after those that need it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from accunode_infra.aws import Session, explained
from accunode_infra.deletion_protection import final_snapshots, refuse_full_buckets, unprotect
from accunode_infra.errors import FailedError, InfraError, RefusedError
from accunode_infra.stackops.events import events, last_attempt
from accunode_infra.stackops.standing import Standing, standing_all
from accunode_infra.stackops.watching import Watch, look, start_watching
from accunode_infra.stacks import STACKS, Stack, dependants, stack_name


@dataclass
class Removal:
    """What a destroy did.

    Attributes:
        deleted: CloudFormation's names of the stacks that are gone.
        snapshots: The database's final snapshots.
        kept: Resources that their templates keep, as `stack: logical name (type)`.
    """

    deleted: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def choose(session: Session, environment: str, names: Sequence[str], *, account_wide: bool) -> dict[Stack, Standing]:
    """The stacks to take away that are there, those first that are deleted first.

    Raises:
        RefusedError: Others need them, or one is being changed.
    """
    there = standing_all(session)
    standing = {each: there[stack_name(each, environment)] for each in STACKS if stack_name(each, environment) in there}
    chosen = {each for each in standing if (each.name in names if names else account_wide or not each.account_wide)}
    for each in chosen:
        left = [other.name for other in dependants(each.name) if other in standing and other not in chosen]
        if left:
            raise RefusedError(f"{each.name} is needed by {', '.join(left)}: destroy those first, or name them too.")
        if standing[each].in_progress:
            raise RefusedError(
                f"{standing[each].name} is being changed ({standing[each].status}): wait until it is over."
            )
    if account_wide:
        others = sorted(name for name in there if name not in {each.name for each in standing.values()})
        if others:
            raise RefusedError(f"Other environments still stand ({others[0]} and others): destroy them first.")
    return {each: standing[each] for each in reversed(STACKS) if each in chosen}


def destroy(
    session: Session,
    chosen: Mapping[Stack, Standing],
    say: Callable[[str], None],
    *,
    snapshot: bool = True,
    empty_buckets: bool = False,
) -> Removal:
    """Take the stacks away, side by side where none needs the other.

    Raises:
        RefusedError: A bucket that would be deleted holds files.
        FailedError: A stack could not be deleted; says what stood in the way.
    """
    removal = Removal()
    for standing in chosen.values():
        if not empty_buckets:
            refuse_full_buckets(session, standing)
    if snapshot:
        for standing in chosen.values():
            removal.snapshots += final_snapshots(session, standing, say)
    waiting, active, failed = dict(chosen), dict[Stack, Watch](), list[InfraError]()
    while active or (waiting and not failed):
        needed = {need for each in (*waiting, *active) for need in each.needs}
        for each in [each for each in waiting if each.name not in needed and not failed]:
            standing = waiting.pop(each)
            active[each] = _begin(session, standing, say, empty_buckets=empty_buckets)
        for each, watch in list(active.items()):
            try:
                ended = look(session, watch, say)
            except InfraError as error:
                failed.append(error)
            else:
                if ended is None:
                    continue
                removal.deleted.append(watch.name)
                removal.kept += _kept(session, watch)
            active.pop(each)
        if active:
            time.sleep(session.poll_seconds)
    if failed:
        raise FailedError(" ".join(map(str, failed)))
    return removal


def _begin(session: Session, standing: Standing, say: Callable[[str], None], *, empty_buckets: bool) -> Watch:
    unprotect(session, standing, say, empty_buckets=empty_buckets)
    watch = start_watching(session, standing)
    say(f"{standing.name} is being deleted.")
    with explained():
        session.client("cloudformation").delete_stack(StackName=standing.id)
    return watch


def _kept(session: Session, watch: Watch) -> list[str]:
    skipped = [each for each in last_attempt(events(session, watch.id)) if each.status == "DELETE_SKIPPED"]
    return [f"{watch.name}: {each.name} ({each.type}) {each.physical_id}" for each in skipped]
