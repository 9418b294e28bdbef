"""Puts a snapshot in the database's place: a new instance in the same stack, and every reader led to it."""

from botocore.exceptions import ClientError

from accunode_infra.aws import code_of
from accunode_infra.database.snapshots import Snapshot, take
from accunode_infra.errors import RefusedError
from accunode_infra.release import oneoff
from accunode_infra.release.site import Site, pages
from accunode_infra.release.stack import Stack
from accunode_infra.secrets.draw import composed
from accunode_infra.secrets.restart import restart
from accunode_infra.secrets.store import ROLES, Store
from accunode_infra.stackops.standing import standing

NAMING = ("backup", "dashboards")
"""The stacks that name the database by its generation."""


def replace(site: Site, snapshot: Snapshot) -> str:
    """Restore a snapshot in the database's place; gives the name of a snapshot of what was there before.

    The parameters of the data stack say what is in force, so that a replacement that was cut short is gone on with.

    Raises:
        RefusedError: Another stack holds the database's name fast.
        UnfitError: CloudFormation cannot, and everything is as before.
    """
    refuse_held(site)
    stack = Stack(site, "data")
    before = stack.ready().parameters
    kept = ""
    if before["SnapshotIdentifier"] != snapshot.name:
        kept = take(site)
        site.output.say(f"What is there now is kept as {kept}.")
        stack.change({"DeletionProtection": "false"})
        generation = str(int(before["Generation"]) + 1)
        stack.change({"SnapshotIdentifier": snapshot.name, "Generation": generation})
        site.output.say("The restored database is in place.")
    stack.change({"DeletionProtection": "true"})
    for naming in NAMING:
        if standing(site.session, site.stack_name(naming)):
            Stack(site, naming).change({"Generation": stack.read().parameters["Generation"]})
    site.__dict__.pop("exports", None)  # the host is another now
    store = Store(site)
    for name, value in composed(site, store).items():
        store.put(name, value)
    # Roles have the passwords that the snapshot knows; the migrations set those of today.
    oneoff.run(site, f"restore-{snapshot.name[-20:]}")
    for service in ROLES:
        restart(site, service)
        site.output.say(f"{service} uses the restored database.")
    return kept


def refuse_held(site: Site) -> None:
    """Refuse while other stacks import the database's name, which CloudFormation then does not change.

    Raises:
        RefusedError: Some do.
    """
    export = site.stack_name("DatabaseInstance")
    try:
        holding = sorted(pages(site.client("cloudformation"), "list_imports", "Imports", ExportName=export))
    except ClientError as error:
        if code_of(error) != "ValidationError":  # so it says that nobody does
            raise
        holding = []
    if holding:
        raise RefusedError(
            f"{', '.join(holding)} import the database's name, which CloudFormation therefore does not change: run "
            "`accunode-infra deploy` first, after which they do so no more."
        )
