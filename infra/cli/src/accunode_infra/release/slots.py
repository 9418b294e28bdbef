"""Where a service's release stands, and what comes next: pure decisions from what the stack and ECS say.

A service has two slots. The one that serves keeps serving until the other has been raised with the new image, has been
proved, and has taken the requests over; then the old one is lowered. Nothing here remembers anything: killed at any
moment, a release is continued from the parameters of its stack and the steps that its record calls done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WHOLE = 100
"""Weights are percent of the requests."""


class Slot(StrEnum):
    """One of a service's two places for an image."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Slot":
        """The opposite slot."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE

    def parameter(self, what: str) -> str:
        """The template's parameter of this slot, such as `BlueImage`."""
        return f"{self.value.capitalize()}{what}"


class Step(StrEnum):
    """What a release does, in its order."""

    WITHDRAW = "withdraw"
    MIGRATE = "migrate"
    RAISE = "raise"
    SETTLE = "settle"
    VERIFY = "verify"
    SMOKE = "smoke"
    SHARE = "share"
    WATCH = "watch"
    FLIP = "flip"
    BAKE = "bake"
    LOWER = "lower"


PROOFS = (Step.SETTLE, Step.VERIFY, Step.SMOKE)
"""What an image must have passed before it gets a request."""


@dataclass(frozen=True, slots=True)
class SlotState:
    """A slot: its image by digest (empty: none), its percent of the requests, and the copies wanted of it."""

    image: str
    weight: int
    count: int


@dataclass(frozen=True, slots=True)
class Slots:
    """Both slots of a service, and the one that the stack scales."""

    active: Slot
    blue: SlotState
    green: SlotState

    def __getitem__(self, slot: Slot) -> SlotState:
        return self.blue if slot is Slot.BLUE else self.green

    @property
    def serving(self) -> Slot:
        """The slot that has most of the requests."""
        return Slot.BLUE if self.blue.weight >= self.green.weight else Slot.GREEN

    def place_for(self, image: str) -> Slot:
        """The slot where `image` is, or is to be raised."""
        return self.serving if self[self.serving].image == image else self.serving.other

    @classmethod
    def read(cls, parameters: Mapping[str, str], counts: Mapping[Slot, int]) -> "Slots":
        """From a stack's parameters; `counts` are the live ones, which the autoscaler may have moved."""

        def state(slot: Slot) -> SlotState:
            count = counts.get(slot, int(parameters[slot.parameter("Count")]))
            return SlotState(parameters[slot.parameter("Image")], int(parameters[slot.parameter("Weight")]), count)

        return cls(Slot(parameters["ActiveSlot"]), state(Slot.BLUE), state(Slot.GREEN))


def next_step(slots: Slots, image: str, done: frozenset[Step]) -> Step | None:
    """The step that brings the release of `image` forward; None when there is nothing left to do.

    Args:
        slots: Where the service stands.
        image: The image that is to have all requests.
        done: The steps that the release's record calls done, and those that are left out.
    """
    place = slots.place_for(image)
    there, other = slots[place], slots[place.other]
    if there.image != image and there.weight > 0:
        return Step.WITHDRAW
    if there.image != image or there.count < max(1, other.count if other.weight > 0 else 1):
        return Step.MIGRATE if Step.MIGRATE not in done and there.image != image else Step.RAISE
    for proof in PROOFS:
        if proof not in done:
            return proof
    if there.weight < WHOLE or slots.active is not place:
        if slots.serving is place:
            return Step.FLIP
        if there.weight == 0 and Step.WATCH not in done:
            return Step.SHARE
        return Step.WATCH if Step.WATCH not in done else Step.FLIP
    if other.count > 0:
        return Step.BAKE if Step.FLIP in done and Step.BAKE not in done else Step.LOWER
    return None


def raised(slots: Slots, image: str, *, at_least: int) -> dict[str, str]:
    """The parameters that put `image` into its slot with as many copies as now serve."""
    place = slots.place_for(image)
    count = max(at_least, slots[place.other].count, slots[place].count)
    return counts(slots) | {place.parameter("Image"): image, place.parameter("Count"): str(count)}


def shared(slots: Slots, place: Slot, percent: int) -> dict[str, str]:
    """The parameters that give `place` that many percent of the requests; with all of them, it is the one scaled."""
    active = place if percent == WHOLE else slots.active
    return counts(slots) | {
        place.parameter("Weight"): str(percent),
        place.other.parameter("Weight"): str(WHOLE - percent),
        "ActiveSlot": active.value,
    }


def lowered(slots: Slots, place: Slot, *, forget: bool = False) -> dict[str, str]:
    """The parameters that stop all copies of `place`. Its image stays named, for the way back, unless it is bad."""
    changed = {place.parameter("Count"): "0"}
    return counts(slots) | changed | ({place.parameter("Image"): ""} if forget else {})


def counts(slots: Slots) -> dict[str, str]:
    """The live counts, which go with every update: else it would undo what the autoscaler did."""
    return {slot.parameter("Count"): str(slots[slot].count) for slot in Slot}
