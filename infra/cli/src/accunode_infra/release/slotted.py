"""The release of an API service through its idle slot."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accunode_infra.release import oneoff
from accunode_infra.release.alarms import firing, speaking_for
from accunode_infra.release.copies import Copies, EcsService, unhealthy
from accunode_infra.release.image import Made
from accunode_infra.release.record import Record
from accunode_infra.release.site import Site, UnfitError
from accunode_infra.release.slots import PROOFS, WHOLE, Slot, Slots, Step, lowered, next_step, raised, shared
from accunode_infra.release.smoke import smoke
from accunode_infra.release.stack import Stack


@dataclass(frozen=True)
class Pace:
    """How carefully a release goes.

    Attributes:
        share: Percent of the requests that the new image gets first.
        watch: How long the alarms are watched with that share.
        bake: How long with all requests, before the old slot is lowered.
        settle: How long copies may take to become healthy.
        copies: The fewest copies of the new image.
        without: Steps that are left out.
    """

    share: int = 10
    watch: timedelta = timedelta(minutes=5)
    bake: timedelta = timedelta(minutes=10)
    settle: timedelta = timedelta(minutes=10)
    copies: int = 2
    without: frozenset[Step] = frozenset()


BACKWARDS = frozenset({Step.MIGRATE, Step.WATCH, Step.BAKE})
"""What the way back leaves out: the earlier image runs on the newer schema, and every second counts."""


class SlottedRelease:
    """One API service's way to an image. See `slots.next_step` for the order of its steps."""

    def __init__(self, site: Site, service: str, made: Made, pace: Pace) -> None:
        self._site = site
        self._service = service
        self._made = made
        self._pace = pace
        self._stack = Stack(site, f"service-{service}")
        self._alarms: list[str] | None = None

    def before(self) -> str:
        """The image that serves."""
        slots = self.slots()
        return slots[slots.serving].image

    def slots(self) -> Slots:
        """Where the service stands, with the live counts.

        Raises:
            RefusedError: The stack does not exist, or takes no update.
        """
        parameters = self._stack.ready().parameters
        return Slots.read(parameters, self._live_counts())

    def next(self, record: Record) -> str | None:
        """The step that brings the service forward."""
        return next_step(self.slots(), record.image, frozenset(map(Step, record.steps)) | self._pace.without)

    def perform(self, step: str, record: Record) -> str:
        """Do a step; gives what there is to say about it."""
        slots = self.slots()
        place = slots.place_for(record.image)
        match Step(step):
            case Step.WITHDRAW:
                self._stack.change(shared(slots, place.other, WHOLE))
                return f"all requests to {place.other}"
            case Step.MIGRATE:
                oneoff.run(self._site, f"{record.id}-migrate", image=record.image)
                return ""
            case Step.RAISE:
                for proof in PROOFS:
                    record.steps.pop(proof, None)
                changes = raised(slots, record.image, at_least=self._pace.copies)
                self._stack.change(changes, self._look_at(place, record))
                asked, wanted = int(changes[place.parameter("Count")]), self.slots()[place].count
                if wanted < asked:
                    raise UnfitError(
                        f"ECS keeps {place} of {self._service} at {wanted} copies, where {asked} were asked."
                    )
                return f"{place}, {asked} copies"
            case Step.SETTLE:
                return self._settle(place, record)
            case Step.VERIFY:
                running = self._ecs(place, record).refuse_other_than(self._made)
                return f"{running} of {running} run {self._made.digest[:19]}"
            case Step.SMOKE:
                return f"{smoke(self._site, self._service, place)} answers as they should be"
            case Step.SHARE:
                self._stack.change(shared(slots, place, self._pace.share), self._look_at(place, record))
                return f"{self._pace.share} % to {place}"
            case Step.WATCH:
                return self._watch(Step.SHARE, self._pace.watch, place, record)
            case Step.FLIP:
                self._stack.change(shared(slots, place, WHOLE), self._look_at(place, record))
                return f"{WHOLE} % to {place}"
            case Step.BAKE:
                return self._watch(Step.FLIP, self._pace.bake, place, record)
            case Step.LOWER:
                self._stack.change(lowered(slots, place.other))
                return f"{place.other} is kept at 0 copies"

    def can_be_withdrawn(self, record: Record) -> bool:
        """Whether the slot with the earlier image still has copies; where it is the same image, always."""
        if record.before == record.image:
            return True
        slots = self.slots()
        other = slots[slots.place_for(record.image).other]
        return other.image == record.before and other.count > 0

    def withdraw(self, record: Record) -> None:
        """Give all requests back to the earlier image, then stop the new one."""
        if record.before == record.image:
            return
        slots = self.slots()
        place = slots.place_for(record.image)
        if slots[place].weight > 0 or slots.active is place:
            self._stack.change(shared(slots, place.other, WHOLE))
            slots = self.slots()
        if slots[place].image == record.image:
            self._stack.change(lowered(slots, place, forget=True))

    def _ecs_arns(self) -> dict[Slot, str]:
        services = self._stack.resources("AWS::ECS::Service")
        return {slot: arn for slot in Slot for name, arn in services.items() if slot.value in name.lower()}

    def _live_counts(self) -> dict[Slot, int]:
        now = self._site.clock.now()
        return {slot: EcsService(self._site, arn, now).wanted() for slot, arn in self._ecs_arns().items()}

    def _ecs(self, place: Slot, record: Record) -> EcsService:
        arns = self._ecs_arns()
        if place not in arns:
            raise UnfitError(f"{self._stack.name} has no ECS service for its {place} slot.")
        return EcsService(self._site, arns[place], datetime.fromisoformat(record.started))

    def _look_at(self, place: Slot, record: Record) -> Callable[[], None]:
        def look() -> None:
            if place in self._ecs_arns():
                self._ecs(place, record).look()

        return look

    def _settle(self, place: Slot, record: Record) -> str:
        groups = self._stack.resources("AWS::ElasticLoadBalancingV2::TargetGroup")
        group = next(arn for name, arn in groups.items() if place.value in name.lower())
        ecs = self._ecs(place, record)
        last: list[str] = []

        def settled() -> Copies | None:
            copies = ecs.look()
            missing = unhealthy(self._site, group, copies.wanted)
            last[:] = [missing or "", copies.event]
            ready = copies.settled and copies.running >= copies.wanted > 0 and missing is None
            return copies if ready else None

        copies = self._site.until(settled, limit=self._pace.settle)
        if copies is None:
            minutes = self._pace.settle.total_seconds() / 60
            told = " ".join(each for each in last if each)
            raise UnfitError(f"{place} of {self._service} was not healthy within {minutes:.0f} minutes: {told}")
        return f"{copies.running} of {copies.wanted} are healthy"

    def _watch(self, since: Step, length: timedelta, place: Slot, record: Record) -> str:
        end = (record.finished(since) or self._site.clock.now()) + length
        if self._alarms is None:
            self._alarms = speaking_for(self._site, self._service, self._stack.short)
        ecs = self._ecs(place, record)
        known = set(record.despite)

        def trouble() -> str | None:
            ecs.look()
            fires = {name: why for name, why in firing(self._site, self._alarms or []).items() if name not in known}
            return "; ".join(f"{name}: {why}" for name, why in fires.items()) or None

        if told := self._site.until(trouble, limit=end - self._site.clock.now(), every=15):
            raise UnfitError(f"An alarm fired while {self._service} was watched: {told}")
        return f"{len(self._alarms)} alarms were quiet"
