"""The release of what has no load balancer: the workers, and the relay. ECS replaces their copies a few at a time.

A worker that is told to stop finishes the task in hand, and the relay is one copy whose successor waits for the lease,
so both may take long and neither loses work.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from accunode_infra.release import oneoff
from accunode_infra.release.alarms import firing, speaking_for
from accunode_infra.release.copies import Copies, EcsService
from accunode_infra.release.image import Made
from accunode_infra.release.record import Record
from accunode_infra.release.site import Site, UnfitError
from accunode_infra.release.slots import Step
from accunode_infra.release.slotted import Pace
from accunode_infra.release.stack import Stack

ORDER = (Step.MIGRATE, Step.RAISE, Step.SETTLE, Step.VERIFY, Step.WATCH)
DRAIN = timedelta(minutes=20)
"""How long a copy may need beyond the usual: it may finish its task first."""


class RollingRelease:
    """The way of `worker` or `relay` to an image."""

    def __init__(self, site: Site, service: str, made: Made, pace: Pace) -> None:
        self._site = site
        self._service = service
        self._made = made
        self._pace = replace(pace, settle=pace.settle + DRAIN)
        self._stack = Stack(site, service)

    def before(self) -> str:
        """The image in force.

        Raises:
            RefusedError: The stack does not exist, or takes no update.
        """
        return self._stack.ready().parameters["Image"]

    def next(self, record: Record) -> str | None:
        """The first step that is not done. The image is put in even when the record says so and it is not there."""
        there = self.before() == record.image
        for step in ORDER:
            if step is Step.RAISE or (step is Step.MIGRATE and there):
                due = step is Step.RAISE and not there
            else:
                due = step not in record.steps and step not in self._pace.without
            if due:
                return step
        return None

    def perform(self, step: str, record: Record) -> str:
        """Do a step; gives what there is to say about it."""
        match Step(step):
            case Step.MIGRATE:
                oneoff.run(self._site, f"{record.id}-migrate", image=record.image)
                return ""
            case Step.RAISE:
                self._stack.change(self._with_live_count(record.image), lambda: self._look(record))
                return "the new image is in force"
            case Step.SETTLE:
                return self._settle(record)
            case Step.VERIFY:
                running = self._ecs(record).refuse_other_than(self._made)
                return f"{running} of {running} run {self._made.digest[:19]}"
            case _:
                return self._watch(record)

    def can_be_withdrawn(self, record: Record) -> bool:
        """Whether the stack holds one of the two images, and not a third that somebody put there."""
        return self.before() in {record.image, record.before}

    def withdraw(self, record: Record) -> None:
        """Put the earlier image back in."""
        if self.before() != record.before:
            self._stack.change(self._with_live_count(record.before))

    def _with_live_count(self, image: str) -> dict[str, str]:
        wanted = [EcsService(self._site, arn, self._site.clock.now()).wanted() for arn in self._arns()]
        return {"Image": image} | ({"DesiredCount": str(wanted[0])} if wanted and wanted[0] > 0 else {})

    def _arns(self) -> list[str]:
        return list(self._stack.resources("AWS::ECS::Service").values())

    def _ecs(self, record: Record) -> EcsService:
        arns = self._arns()
        if not arns:
            raise UnfitError(f"{self._stack.name} has no ECS service.")
        return EcsService(self._site, arns[0], datetime.fromisoformat(record.started))

    def _look(self, record: Record) -> None:
        if self._arns():
            self._ecs(record).look()

    def _settle(self, record: Record) -> str:
        ecs = self._ecs(record)
        last: list[str] = []

        def settled() -> Copies | None:
            copies = ecs.look()
            last[:] = [f"{copies.running} of {copies.wanted} run.", copies.event]
            return copies if copies.settled and copies.running >= copies.wanted > 0 else None

        copies = self._site.until(settled, limit=self._pace.settle)
        if copies is None:
            minutes = self._pace.settle.total_seconds() / 60
            raise UnfitError(f"{self._service} had not been replaced after {minutes:.0f} minutes: {' '.join(last)}")
        return f"{copies.running} of {copies.wanted} run"

    def _watch(self, record: Record) -> str:
        ecs = self._ecs(record)
        alarms = speaking_for(self._site, self._service, self._stack.short)
        end = (record.finished(Step.SETTLE) or self._site.clock.now()) + self._pace.watch

        def trouble() -> str | None:
            ecs.look()
            fires = {each: why for each, why in firing(self._site, alarms).items() if each not in record.despite}
            return "; ".join(f"{name}: {why}" for name, why in fires.items()) or None

        if told := self._site.until(trouble, limit=end - self._site.clock.now(), every=15):
            raise UnfitError(f"An alarm fired while {self._service} was watched: {told}")
        return f"{len(alarms)} alarms were quiet"
