"""Nobody reaches what is not theirs, by any operation: every cell of the matrix, tried on running services.

Of each row: whoever is refused changes nothing, in no table, and learns nothing, as the reply for what is there is the
reply for what nobody has; the very requests that were refused succeed for those who have a right to the thing; and a
list or figure is the same to the last byte with and without the things that it must not tell of.
"""

from collections.abc import Callable

import pytest
from tests.applications import Application
from tests.isolation.calls import Call, leaked, told
from tests.isolation.matrix import ELSEWHERE, ROWS, Row
from tests.isolation.patterns import NONE, OK, SAME, SEES
from tests.isolation.steps import STEPS
from tests.isolation.things import Stage, Things
from tests.isolation.witness import Change, Witness

from accunode_common.testing.people import Caller

NewStage = Callable[[], Stage]
LISTS = tuple(row for row in ROWS if SEES in str(row.cells))
CASES = [pytest.param(row, kind, id=f"{row.name}[{kind}]") for row in ROWS if row not in LISTS for kind in row.kinds]
LIST_CASES = [pytest.param(row, kind, id=f"{row.name}[{kind}]") for row in LISTS for kind in row.kinds]
SEEN_BY_EACH = frozenset({"own", "deleted"})
"""Targets that are other things for each caller."""

NOT_LOOKED_AT = frozenset({"401", "403"})
"""Refusals for which it does not matter what the things are."""

NOBODYS = 3
"""Callers in the column `nobody`."""


def test_every_operation_has_a_row_and_every_row_an_operation(applications: list[Application]) -> None:
    operations = {
        described["operationId"]
        for application in applications
        for item in application.document["paths"].values()
        for described in item.values()
    }
    names = [*(row.name for row in ROWS), *ELSEWHERE]
    assert sorted(names) == sorted(operations), "Add one line for each new operation to tests/isolation/matrix.py."


def test_every_row_has_somebody_who_succeeds() -> None:
    for row in ROWS:
        assert {OK, SEES} & {cell for cells in row.cells.values() for cell in cells.values()}, row.name


def test_the_matrix_has_thousands_of_cells() -> None:
    cells = [
        (row.name, kind, target, caller)
        for row in ROWS
        for kind in row.kinds
        for target, callers in row.cells.items()
        for caller, cell in callers.items()
        if cell != NONE
        for _ in range(NOBODYS if caller == "nobody" else 1)
    ]
    assert len(set(cells)) > 2_000


@pytest.mark.parametrize(("row", "kind"), CASES)
async def test_cells(row: Row, kind: str, calls: dict[str, Call], new_stage: NewStage, witness: Witness) -> None:
    call, stage = calls[row.name], new_stage()
    await end_session(calls, stage)
    faults: list[str] = []
    for target in row.cells:
        faults += await refuse_strangers(call, stage, witness, target, kind)
        faults += await let_in(call, stage, new_stage, witness, target, kind)
    assert faults == []


async def refuse_strangers(call: Call, stage: Stage, witness: Witness, target: str, kind: str) -> list[str]:
    """What is wrong with the refused cells of a target.

    All ask for the same things, which their owner reaches with the same request afterwards.
    """
    faults: list[str] = []
    cells = {name: cell for name, cell in call.row.cells[target].items() if cell.isdecimal()}
    things: Things | None = None
    for name, cell in cells.items():
        if things is None or target in SEEN_BY_EACH:
            looked_at = {cell} if target in SEEN_BY_EACH else set(cells.values())
            steps = not looked_at <= NOT_LOOKED_AT
            things = await prepare(call, stage, stage.caller(name), target, kind, steps=steps)
        for caller in stage.callers[name]:
            faults += await refuse(call, caller, things, witness, f"{name} {target}", int(cell))
    if things is not None and target not in {*SEEN_BY_EACH, "system"}:
        owner = stage.rightful(target, call.row.owner, things)
        if owner is not stage.world.super_admin or cells.get("super_admin") is None:
            things = things if "404" in cells.values() else await prepare(call, stage, owner, target, kind)
            reply = await call.send(owner, things.ids)
            if not reply.is_success:
                faults.append(f"{owner.name}, whose it is, {target}: {reply.status_code} {reply.text}")
    return faults


async def let_in(call: Call, stage: Stage, new_stage: NewStage, witness: Witness, target: str, kind: str) -> list[str]:
    """What is wrong with the successful cells of a target; each changes a fresh stage."""
    faults: list[str] = []
    for name, cell in call.row.cells[target].items():
        for caller in stage.callers[name] if cell == OK else ():
            if call.reads:
                faults += await succeed(call, stage, caller, witness, name, target, kind)
            else:
                fresh = new_stage()
                place = stage.callers[name].index(caller)
                faults += await succeed(call, fresh, fresh.callers[name][place], witness, name, target, kind)
    return faults


async def refuse(
    call: Call, caller: Caller | None, things: Things, witness: Witness, cell: str, status: int
) -> list[str]:
    """What is wrong with the refusal."""
    witness.changes()
    reply = await call.send(caller, things.ids)
    changes = [str(change) for change in witness.changes()]
    faults = []
    if reply.status_code != status:
        faults.append(f"{cell}: {reply.status_code} and not {status}: {reply.text}")
    if changes:
        faults.append(f"{cell}: was refused and changed {changes}")
    if secrets := leaked(reply, things.secrets):
        faults.append(f"{cell}: learns {secrets} from {reply.text}")
    if status == 404:
        nowhere = things.elsewhere(caller)
        other = told(await call.send(caller, nowhere), nowhere)
        if told(reply, things.ids) != other:
            faults.append(f"{cell}: {told(reply, things.ids)}, of what nobody has {other}")
    return faults


async def succeed(
    call: Call, stage: Stage, caller: Caller | None, witness: Witness, name: str, target: str, kind: str
) -> list[str]:
    """What is wrong with the success."""
    faults = []
    things = await prepare(call, stage, stage.caller(name), target, kind)
    witness.changes()
    reply = await call.send(caller, things.ids)
    if not reply.is_success:
        faults.append(f"{name} {target}: {reply.status_code} {reply.text}")
    touched = [str(change) for change in witness.changes() if is_foreign(change, stage, caller, things)]
    if touched:
        faults.append(f"{name} {target}: changed {touched} of another tenant")
    return faults


def is_foreign(change: Change, stage: Stage, caller: Caller | None, things: Things) -> bool:
    """Whether the row is of a tenant that the request was not about."""
    about = {things.ids["tenant_id"], str(things.owner.tenant_id), things.ids.get("joined")}
    if caller is not None:
        about.add(str(caller.tenant_id))
    return change.tenant_id in {str(stage.world.one.id), str(stage.world.two.id)} - about


async def prepare(call: Call, stage: Stage, caller: Caller, target: str, kind: str, *, steps: bool = True) -> Things:
    """The target's things, and what the operation needs besides."""
    things = stage.make(target, caller, kind=kind, job=call.row.job)
    if steps and call.row.name in STEPS:
        await STEPS[call.row.name](call.service, stage, caller, things)
    return things


async def end_session(calls: dict[str, Call], stage: Stage) -> None:
    """End the session of the caller who has a token of an ended session."""
    reply = await calls["log_out"].service.client.as_(stage.revoked).post("/api/v1/auth/logout")
    assert reply.is_success, reply.text


@pytest.mark.parametrize(("row", "kind"), LIST_CASES)
async def test_lists(row: Row, kind: str, calls: dict[str, Call], new_stage: NewStage) -> None:
    call, stage = calls[row.name], new_stage()
    await end_session(calls, stage)
    faults: list[str] = []
    for target, cells in row.cells.items():
        asked = [(name, cell, caller) for name, cell in cells.items() for caller in stage.callers[name]]
        if target in {"own", "deleted"}:
            for one in asked:
                faults += await compare(call, stage, target, kind, [one])
        else:
            faults += await compare(call, stage, target, kind, asked)
    assert faults == []


async def compare(
    call: Call, stage: Stage, target: str, kind: str, asked: list[tuple[str, str, Caller | None]]
) -> list[str]:
    """What is wrong with the lists of those callers before and after a target's things are made."""
    if target == "deleted":
        await prepare(call, stage, stage.caller(asked[0][0]), "own", kind)
    before = [await listed(call, caller, kind) for _, _, caller in asked]
    things = await prepare(call, stage, stage.caller(asked[0][0]), target, kind)
    faults = []
    for (name, cell, caller), (status, text) in zip(asked, before, strict=True):
        now, after = await listed(call, caller, kind)
        about = f"{name} {target}"
        if cell.isdecimal():
            if (status, now) != (int(cell), int(cell)):
                faults.append(f"{about}: {now} and not {cell}: {after}")
        elif now != 200 or status != 200:
            faults.append(f"{about}: {now} {after}")
        elif (text != after) != (cell == SEES):
            faults.append(f"{about}: {'no change' if cell == SEES else 'a change'}: {text[:300]} -> {after[:300]}")
        if (cell == SAME or cell.isdecimal()) and (shown := [trace for trace in things.traces if trace in after]):
            faults.append(f"{about}: shows {shown}")
    return faults


async def listed(call: Call, caller: Caller | None, kind: str) -> tuple[int, str]:
    """The list as the caller sees it now."""
    if caller is not None:
        await forget_dashboard(call, caller)
    return told(await call.send(caller, {"kind": kind}), {})[:2]


async def forget_dashboard(call: Call, caller: Caller) -> None:
    """A dashboard is kept for half a minute."""
    redis = call.service.application.app.state.resources.redis
    async for key in redis.scan_iter(f"accunode:dashboard:*{caller.user_id}*"):
        await redis.delete(key)
