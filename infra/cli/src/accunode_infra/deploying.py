"""Brings stacks to what they are wanted to be: everything checked first, then phase by phase, side by side."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from accunode_infra.aws import Session
from accunode_infra.database.replace import NAMING
from accunode_infra.doctor.checks import refuse_small_quotas
from accunode_infra.errors import FailedError, InfraError, RefusedError
from accunode_infra.output import Output
from accunode_infra.planning import DesiredState, Target, change_set, local_changes, target
from accunode_infra.policy import Note, notes, refuse_losses
from accunode_infra.prerequisites import refuse_unproved_domain
from accunode_infra.stackops import changes
from accunode_infra.stackops.changes import ChangeSet, ResourceChange
from accunode_infra.stackops.deleting import protect
from accunode_infra.stackops.standing import Standing, exports, standing, standing_all, usable
from accunode_infra.stackops.watching import Watch, look, start_watching
from accunode_infra.stacks import PHASES, Stack, stack, stack_name
from accunode_infra.supplies import Supplies

BOOTSTRAP = "bootstrap"
BOOTSTRAP_STACK = "accunode-bootstrap"
_LATER = "No export named"
"""CloudFormation's words when a template imports what another stack is only about to export."""


@dataclass
class Planned:
    """A stack with what is going to change in it.

    Attributes:
        made: Its change set; None for a stack, or an import, that is yet to be made: its turn makes it.
        changes: What changes.
    """

    target: Target
    made: ChangeSet | None
    changes: Sequence[ResourceChange]

    @property
    def name(self) -> str:
        """CloudFormation's name of the stack."""
        return self.target.name

    @property
    def creates(self) -> bool:
        """Whether the stack is new."""
        return self.target.standing is None

    @property
    def unchanged(self) -> bool:
        """Whether nothing is to be done."""
        return self.made is not None and self.made.id is None


@dataclass
class Rollout:
    """A change of an environment's stacks."""

    session: Session
    output: Output
    desired: DesiredState
    allowed: Collection[str] = ()
    _standing: dict[str, Standing] = field(default_factory=dict)
    _open: dict[str, str] = field(default_factory=dict)
    _supplies: Supplies = field(init=False)

    def __post_init__(self) -> None:
        self._supplies = Supplies(self.session, self.output, self.desired)

    def plan(self, stacks: Sequence[Stack]) -> list[Planned]:
        """Read what stands, and find out what would change. Change sets are left open; see `discard`.

        Raises:
            RefusedError: A stack is in no state to be changed, lacks what it needs, or would lose data.
        """
        self._standing = standing_all(self.session)
        for each in stacks:
            self._usable(each)
            self._refuse_lacking(each, {other.name for other in stacks})
        exported = exports(self.session)
        desired = self._of_generation()
        targets = [target(self.session, each, desired, self._usable(each), exported) for each in stacks]
        for wanted in targets:
            if wanted.standing is not None:
                refuse_losses(wanted.name, local_changes(wanted), allowed=self.allowed)
        planned = [self._planned(wanted) for wanted in targets]
        for found in planned:
            if not found.creates:
                refuse_losses(found.name, found.changes, allowed=self.allowed)
        return planned

    def refuse_early(self, planned: Sequence[Planned]) -> list[str]:
        """Refuse what can be found wrong before anything is begun; gives what is done beside the stacks, a line each.

        Raises:
            RefusedError: A quota is too small, a certificate is not issued, or something that new stacks need is
                neither there nor can be made.
        """
        new = [each.target for each in planned if each.creates]
        if {each.stack.name for each in new} & {"network", "compute"}:
            refuse_small_quotas(self.session, self.desired)
        for each in planned:
            if each.target.stack.template == "edge" and not each.unchanged:
                refuse_unproved_domain(self.session, each.target.after)
        self._supplies.has_registry = self._usable(stack("registry")) is not None
        return self._supplies.refuse_early(new)

    def _of_generation(self) -> DesiredState:
        """The desired, in which what names the database means the generation that stands."""
        data = self._standing.get(stack_name(stack("data"), self.desired.environment))
        named = self.desired.overrides.get("data", {}).get("Generation")
        generation = named or (data.parameters.get("Generation") if data is not None else None)
        if generation is None:
            return self.desired
        given = {name: {"Generation": generation, **self.desired.overrides.get(name, {})} for name in NAMING}
        return replace(self.desired, overrides={**self.desired.overrides, **given})

    def discard(self) -> None:
        """Delete the change sets that were made and not executed."""
        while self._open:
            changes.discard(self.session, *self._open.popitem())

    def run(self, planned: Sequence[Planned]) -> Iterator[dict[str, object]]:
        """Carry it out, a phase after the other; yields a phase's stacks and seconds when it is done.

        Raises:
            FailedError: A stack failed. Those that were being changed with it are waited for, no other is begun.
        """
        for phase, (title, minutes) in PHASES.items():
            todo = [each for each in planned if each.target.stack.phase == phase]
            if not todo:
                continue
            begun = time.monotonic()
            self.output.say(f"Phase {phase}, {title} ({minutes} minutes in the requirements)", style="bold")
            self._protect_late(todo)
            self._phase([each for each in todo if not each.unchanged])
            seconds = time.monotonic() - begun
            self.output.say(f"Phase {phase} took {_minutes(seconds)} of the requirements' {minutes} minutes.")
            yield {
                "phase": phase,
                "title": title,
                "seconds": round(seconds, 1),
                "minutes_in_brief": minutes,
                "stacks": {each.name: _action(each) for each in todo},
            }

    def _phase(self, todo: list[Planned]) -> None:
        waiting = list(todo)
        active: list[tuple[Planned, Watch]] = []
        failed: list[InfraError] = []
        while active or (waiting and not failed):
            busy = {each.target.stack.name for each in waiting} | {each.target.stack.name for each, _ in active}
            for each in [each for each in waiting if not busy & set(each.target.stack.needs) and not failed]:
                waiting.remove(each)
                try:
                    active += [(each, watch) for watch in self._begin(each)]
                except InfraError as error:
                    failed.append(error)
            active = [pair for pair in active if not self._over(*pair, failed)]
            if active and not self._ahead(waiting, failed):
                time.sleep(self.session.poll_seconds)
        if failed:
            more = "" if len(failed) == 1 else f" And {len(failed) - 1} more: {' '.join(map(str, failed[1:]))}"
            raise FailedError(f"{failed[0]}{more}") from failed[0]

    def _ahead(self, waiting: list[Planned], failed: list[InfraError]) -> bool:
        """Make use of the time until the next look."""
        try:
            return not failed and self._supplies.ahead(each.target for each in waiting)
        except InfraError as error:
            failed.append(error)
            return False

    def _begin(self, each: Planned) -> list[Watch]:
        if each.creates:
            each.target = self._supplies.complete(each.target)
            self._supplies.prepare_database(each.target)
        made = each.made or change_set(self.session, each.target, role=self._role(each.target.stack))
        each.made = made
        self._open.pop(each.name, None)
        if made.id is None:
            self.output.say(f"{each.name} is as it should be.")
            return []
        if not each.creates:
            refuse_losses(each.name, made.changes, allowed=self.allowed)
        now = usable(each.target.standing) or _review(self.session, each.name)
        watch = start_watching(self.session, now, each.target.template)
        self.output.say(f"{each.name} is being {'created' if each.creates else 'updated'}.")
        changes.execute(self.session, made)
        return [watch]

    def _over(self, each: Planned, watch: Watch, failed: list[InfraError]) -> bool:
        try:
            ended = look(self.session, watch, self.output.say)
            if ended is not None:
                self._finish(each)
                self.output.say(f"{each.name}: {ended.status}")
        except InfraError as error:
            failed.append(error)
            return True
        return ended is not None

    def _finish(self, each: Planned) -> None:
        if each.target.stack.name == "registry":
            self._supplies.has_registry = True
        if each.creates and each.target.stack.protected:
            protect(self.session, each.name, on=True)

    def _protect_late(self, todo: list[Planned]) -> None:
        """Protect what an earlier deploy created, and was cut short before it protected."""
        for each in todo:
            if each.target.standing and each.target.stack.protected and not each.target.standing.protected:
                protect(self.session, each.name, on=True)

    def _planned(self, wanted: Target) -> Planned:
        if wanted.standing is None:
            return Planned(wanted, None, local_changes(wanted))
        try:
            made = change_set(self.session, wanted, role=self._role(wanted.stack))
        except FailedError as error:
            if _LATER not in str(error):
                raise
            return Planned(wanted, None, local_changes(wanted))
        if made.id is not None:
            self._open[made.stack] = made.id
        return Planned(wanted, made, made.changes)

    def _usable(self, wanted: Stack) -> Standing | None:
        return usable(self._standing.get(stack_name(wanted, self.desired.environment)))

    def _refuse_lacking(self, wanted: Stack, chosen: set[str]) -> None:
        for need in wanted.needs:
            if need not in chosen and self._usable(stack(need)) is None:
                raise RefusedError(
                    f"{wanted.name} needs {need}, which does not stand: deploy {need} first, or everything."
                )

    def _role(self, wanted: Stack) -> str | None:
        if wanted.name == BOOTSTRAP:
            return None
        if BOOTSTRAP_STACK not in self._standing and (found := standing(self.session, BOOTSTRAP_STACK)):
            self._standing[BOOTSTRAP_STACK] = found
        return service_role(self._standing.get(BOOTSTRAP_STACK))


def service_role(bootstrap: Standing | None) -> str | None:
    """The ARN of the role that CloudFormation works in, as the bootstrap stack made it."""
    return bootstrap.outputs.get("CloudFormationRoleArn") if bootstrap is not None else None


def all_notes(planned: Sequence[Planned]) -> list[Note]:
    """What people should know of a plan before they agree to it."""
    return [note for each in planned if not each.creates for note in notes(each.name, each.changes)]


def _review(session: Session, name: str) -> Standing:
    found = standing(session, name)
    if found is None:
        raise FailedError(f"{name} went away while it was being created: somebody else deletes it; deploy again.")
    return found


def _action(each: Planned) -> str:
    return "unchanged" if each.unchanged else "created" if each.creates else "updated"


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
