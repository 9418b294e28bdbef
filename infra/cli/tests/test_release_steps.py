"""From wherever a service's slots stand, the steps lead to the wanted image alone, and past no proof."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from accunode_infra.release.slots import (
    PROOFS,
    WHOLE,
    Slot,
    Slots,
    SlotState,
    Step,
    lowered,
    next_step,
    raised,
    shared,
)

IMAGES = st.sampled_from(["", "first", "second", "third"])
WEIGHTS = st.sampled_from([0, 10, 49, 50, 90, 100])
COUNTS = st.integers(0, 4)
SHARE = 10


@st.composite
def standing(draw: st.DrawFn) -> Slots:
    """Any state that a stack can be left in: the active slot has an image, and weights are the whole."""
    active = draw(st.sampled_from(Slot))
    blue = SlotState(draw(IMAGES), draw(WEIGHTS), draw(COUNTS))
    green = SlotState(draw(IMAGES), WHOLE - blue.weight, draw(COUNTS))
    slots = Slots(active, blue, green)
    serving = slots.serving
    return put(slots, serving, replace(slots[serving], image=slots[serving].image or "first"))


def put(slots: Slots, slot: Slot, state: SlotState) -> Slots:
    """The slots with one of them changed."""
    return replace(slots, blue=state) if slot is Slot.BLUE else replace(slots, green=state)


def after(slots: Slots, changes: dict[str, str]) -> Slots:
    """The slots once the stack has taken these parameters."""
    now = {"ActiveSlot": slots.active.value}
    for slot in Slot:
        state = slots[slot]
        now |= {slot.parameter("Image"): state.image, slot.parameter("Weight"): str(state.weight)}
        now |= {slot.parameter("Count"): str(state.count)}
    return Slots.read(now | changes, {})


@given(slots=standing(), image=st.sampled_from(["first", "second", "third"]), done=st.frozensets(st.sampled_from(Step)))
def test_from_any_state_the_steps_end_with_the_image_alone_and_pass_no_proof(
    slots: Slots, image: str, done: frozenset[Step]
) -> None:
    fresh: set[Step] = set()
    for _ in range(30):
        step = next_step(slots, image, done)
        if step is None:
            break
        place = slots.place_for(image)
        before = slots
        match step:
            case Step.WITHDRAW:
                slots = after(slots, shared(slots, place.other, WHOLE))
            case Step.RAISE:
                assert slots[place].image == image or slots[place].weight == 0, "no requests reach what is replaced"
                done, fresh = done - set(PROOFS), set()
                slots = after(slots, raised(slots, image, at_least=2))
            case Step.SHARE:
                slots = after(slots, shared(slots, place, SHARE))
            case Step.FLIP:
                slots = after(slots, shared(slots, place, WHOLE))
            case Step.LOWER:
                assert slots[place.other].weight == 0, "no copy goes that gets requests"
                slots = after(slots, lowered(slots, place.other))
        if step in {Step.SHARE, Step.FLIP}:
            assert set(PROOFS) <= done
            assert slots[place].count > 0
            assert slots[place].count >= (before[place.other].count if before[place.other].weight else 0)
        done, fresh = done | {step}, fresh | {step}
    else:
        raise AssertionError(f"no end: {slots}")
    place = slots.place_for(image)
    assert slots[place].image == image
    assert slots[place].weight == WHOLE
    assert slots[place].count > 0
    assert slots.active is place
    assert slots[place.other].count == 0


@given(slots=standing())
def test_live_counts_go_with_every_change(slots: Slots) -> None:
    for changes in (shared(slots, Slot.GREEN, 10), lowered(slots, Slot.BLUE), raised(slots, "third", at_least=1)):
        assert {"BlueCount", "GreenCount"} <= set(changes)
    assert shared(slots, Slot.GREEN, 10)["BlueCount"] == str(slots.blue.count)
