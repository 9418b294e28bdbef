"""`doctor`: whether everything is there that a deploy needs."""

from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.desired import FileOption, SetOption, TierOption, VariantOption
from accunode_infra.errors import CheckError
from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    tier: TierOption = None,
    variant: VariantOption = None,
    settings: SetOption = None,
    file: FileOption = None,
    in_vpc: Annotated[
        bool, typer.Option("--in-vpc", help="Also reach the database and the cache from inside the network.")
    ] = False,
) -> None:
    """Look at credentials, quotas, tools and the domain. Ends with 4 when something is missing."""
    from accunode_infra.desired import desired_state
    from accunode_infra.doctor.checks import Check, domain, quotas, tools

    call = invocation(context)
    who = call.session.identity
    found = [Check("credentials", True, f"{who['Arn']}, account {who['Account']}, {call.session.region}")]
    wanted = desired_state(call.session, call.environment, tier=tier, variant=variant, settings=settings, file=file)
    found += [*quotas(call.session, wanted), *tools(), *domain(call.session, wanted)]
    if in_vpc:
        from accunode_infra.doctor.reach import reach

        found.append(reach(site_of(call)))
    call.output.table(["", "what", "says"], [("ok" if each.well else "NO", each.name, each.says) for each in found])
    bad = [each for each in found if not each.well]
    document = {"checks": [{"name": each.name, "well": each.well, "says": each.says} for each in found]}
    if bad:
        told = "; ".join(f"{each.name}: {each.says}" for each in bad)
        raise CheckError(f"{len(bad)} of {len(found)} checks say no: {told}", document=document)
    call.output.result(document)
