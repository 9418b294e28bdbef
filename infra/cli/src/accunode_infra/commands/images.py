"""`images`: what the registry holds, and what of it may go."""

from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.invocation import invocation

images = typer.Typer(no_args_is_help=True, help="List the registry's images, and delete those that nothing names.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(images, name="images")


@images.command("list")
def list_images(context: typer.Context) -> None:
    """List the images with what names them. Ends with 1 when a slot names one that is gone."""
    from accunode_infra.release.registry import stored

    call = invocation(context)
    found = stored(site_of(call))
    rows = [
        (each.repository, each.digest[:19], ", ".join(each.tags), f"{each.pushed:%Y-%m-%d}", ", ".join(each.used_by))
        for each in found
    ]
    call.output.table(["repository", "digest", "tags", "pushed", "used by"], rows)
    call.output.result(
        [
            {
                "repository": each.repository,
                "digest": each.digest,
                "tags": each.tags,
                "pushed": each.pushed,
                "used_by": each.used_by,
                "recorded": each.recorded,
            }
            for each in found
        ]
    )


@images.command()
def prune(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="The newest of each repository that stay in any case.")] = 10,
) -> None:
    """Delete old images that neither a slot of any environment nor a deployment record names."""
    from accunode_infra.release.registry import delete, stored, superfluous

    call = invocation(context)
    site = site_of(call)
    gone = superfluous(stored(site), keep)
    for each in gone:
        call.output.say(f"{each.repository} {each.digest[:19]} {', '.join(each.tags)} {each.pushed:%Y-%m-%d}")
    if gone and not call.output.confirm(f"Delete these {len(gone)} images?"):
        raise typer.Exit(1)
    delete(site, gone)
    call.output.say(f"{len(gone)} images are deleted." if gone else "No image is superfluous.")
    call.output.result({"deleted": [f"{each.repository}@{each.digest}" for each in gone]})
