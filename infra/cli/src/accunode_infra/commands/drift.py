"""`drift`: what was changed by hand."""

from typing import Annotated, Any

import typer
from rich.text import Text

from accunode_infra.errors import CheckError
from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(drift)


def drift(
    context: typer.Context,
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="By default all of them.")] = None,
) -> None:
    """Compare what stands with the templates it was made from. Ends with 4 when something was changed by hand."""
    from accunode_infra.aws import Session, explained
    from accunode_infra.stackops.standing import NEVER_CREATED, standing_all
    from accunode_infra.stacks import STACKS, owned, stack, stack_name
    from accunode_infra.waiting import until

    def detected(session: Session, name: str) -> list[dict[str, Any]]:
        client = session.client("cloudformation")
        with explained():
            id_ = client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]

            def ended() -> dict[str, Any] | None:
                found: dict[str, Any] = client.describe_stack_drift_detection_status(StackDriftDetectionId=id_)
                return None if found["DetectionStatus"] == "DETECTION_IN_PROGRESS" else found

            found = until(ended, every=session.poll_seconds)
            if found.get("StackDriftStatus") != "DRIFTED":
                return []
            drifts = _drifts(client, name)
        return [
            {
                "resource": each["LogicalResourceId"],
                "type": each["ResourceType"],
                "status": each["StackResourceDriftStatus"],
                "differences": [
                    {
                        "path": one["PropertyPath"],
                        "template": one.get("ExpectedValue"),
                        "stands": one.get("ActualValue"),
                    }
                    for one in each.get("PropertyDifferences", [])
                ],
            }
            for each in drifts
        ]

    call = invocation(context)
    chosen = [stack(name) for name in stacks] if stacks else list(STACKS)
    there = {name: each for name, each in standing_all(call.session).items() if each.status not in NEVER_CREATED}
    names = [stack_name(each, call.environment) for each in chosen if stack_name(each, call.environment) in there]
    if not names or not (stacks or owned(there, call.environment)):
        what = f"{', '.join(stacks)} of {call.environment}" if stacks else call.environment
        raise CheckError(
            f"Nothing stands of {what} in {call.session.region}: check --env and --region, or deploy it first."
        )
    found = {name: detected(call.session, name) for name in names}
    drifted = {name: each for name, each in found.items() if each}
    for name, resources in drifted.items():
        call.output.show(Text(f"{name}:", style="bold"))
        for each in resources:
            call.output.show(Text(f"  {each['resource']} ({each['type']}) {each['status']}"))
            for one in each["differences"]:
                call.output.show(Text(f"      {one['path']}: {one['template']} -> {one['stands']}"))
    if drifted:
        what = "; ".join(
            f"{name}: {', '.join(each['resource'] for each in resources)}" for name, resources in drifted.items()
        )
        raise CheckError(
            f"Changed by hand: {what}. Put it back by hand, or take it into the template; the next deploy of what "
            "changed there overwrites it.",
            document={"stacks": found},
        )
    call.output.show(Text(f"{len(names)} stacks are as their templates say."))
    call.output.result({"stacks": found})


def _drifts(client: Any, name: str) -> list[dict[str, Any]]:
    """What differs in a stack; botocore has no paginator for it."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = client.describe_stack_resource_drifts(
            StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        found += answer["StackResourceDrifts"]
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}
