"""Replaces the copies of a service by copies of the same image, which read the secrets anew."""

from collections.abc import Mapping
from datetime import timedelta

from accunode_infra.release.copies import Copies, EcsService
from accunode_infra.release.services import deployable
from accunode_infra.release.site import Site, UnfitError
from accunode_infra.release.slots import Slot, Slots
from accunode_infra.release.stack import Stack

LIMIT = timedelta(minutes=30)


def restart(site: Site, service: str) -> None:
    """Start a service's copies anew, a few at a time, and wait until they run.

    Raises:
        RefusedError: Its stack is not deployed.
        UnfitError: They do not start.
    """
    wanted = deployable(service)
    stack = Stack(site, wanted.stack)
    arns = stack.resources("AWS::ECS::Service")
    parameters = stack.ready().parameters
    for name, arn in arns.items():
        if wanted.slotted and not _serves(name, parameters):
            continue
        ecs = EcsService(site, arn, site.clock.now())
        begun = ecs.start_anew()

        def settled(ecs: EcsService = ecs, begun: str = begun) -> Copies | None:
            copies = ecs.look()
            # For a moment ECS may still tell of the roll-out before, which is settled.
            ready = copies.deployment == begun and copies.settled and copies.running >= copies.wanted
            return copies if ready else None

        if site.until(settled, limit=LIMIT) is None:
            raise UnfitError(f"{service} was not started anew within {LIMIT.total_seconds() / 60:.0f} minutes.")


def _serves(name: str, parameters: Mapping[str, str]) -> bool:
    slots = Slots.read(parameters, {})
    return any(slot.value in name.lower() and slots[slot].count > 0 for slot in Slot)
