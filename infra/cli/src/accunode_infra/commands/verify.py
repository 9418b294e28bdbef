"""`verify --phase N`: the requirements' success criteria, each with its evidence."""

from typing import Annotated

import typer

from accunode_infra.errors import CheckError

_MARKS = {"pass": "pass", "fail": "FAIL", "cannot tell": "?"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(verify)


def verify(
    context: typer.Context,
    phase: Annotated[
        list[int] | None, typer.Option(min=1, max=5, help="1 to 5; may be given again. All without.")
    ] = None,
    inside: Annotated[
        bool, typer.Option("--inside", help="First run a task in the network that asks database and cache.")
    ] = False,
) -> None:
    """Look the success criteria of the phases up in the account, and print each with its evidence.

    Nothing is changed, and nothing is started without --inside. Exits with 4 when a criterion is not met. One that
    cannot be told (nothing has scaled yet, a permission is missing) is named, and is no failure.
    """
    from accunode_infra.invocation import invocation
    from accunode_infra.release.site import Site
    from accunode_infra.stacks import PHASES as NAMES
    from accunode_infra.verify import PHASES
    from accunode_infra.verify.model import Outcome, run
    from accunode_infra.verify.phase2 import look_inside

    call = invocation(context)
    account = call.session.account
    site = Site(call.session, call.environment, call.output)
    if inside:
        look_inside(site)
    documents = []
    failed = 0
    for number in sorted(set(phase or PHASES)):
        found = run(site, PHASES[number])
        failed += sum(each.outcome is Outcome.FAIL for each in found)
        call.output.table(
            ["", "criterion", "evidence"],
            [[_MARKS[each.outcome], each.says, "\n".join(each.evidence)] for each in found],
            title=f"Phase {number}: {NAMES[number][0]}",
        )
        documents += [
            {"phase": number, "criterion": each.says, "outcome": each.outcome, "evidence": list(each.evidence)}
            for each in found
        ]
    call.output.result({"account": account, "environment": call.environment, "failed": failed, "checks": documents})
    if failed:
        call.output.say(f"{failed} of {len(documents)} criteria are not met.")
        raise typer.Exit(CheckError.code)
