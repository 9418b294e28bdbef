"""The command line: `python -m accunode_docker routes|secrets|prepare|pages|demo|s3|images|push|swap|memory`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from accunode_common.environment import SettingsError
from accunode_common.migrations.prepare import PrepareError
from accunode_docker.errors import DockerError

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
GATEWAY = Path(__file__).resolve().parents[2] / "gateway"


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what the user can mend into one line and exit 1; everything else stays a traceback."""
    try:
        yield
    except (DockerError, PrepareError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def routes(target: Annotated[Path, typer.Argument(help="The gateway's folder.")] = GATEWAY) -> None:
    """Write the gateway's routing from the path table."""
    from accunode_docker.routes import generated

    for name, content in generated().items():
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        typer.echo(file)


@app.command()
def secrets(root: Path = Path("/secrets")) -> None:
    """Draw the secrets that are missing, and lay them out for each container."""
    from accunode_docker.secrets import lay_out

    lay_out(root)
    typer.echo("The secrets are in place.")


@app.command()
def prepare() -> None:
    """Make the database's roles, and bring the schema to the newest migration."""
    from accunode_common.migrations.prepare import PrepareSettings
    from accunode_common.migrations.prepare import prepare as prepare_database

    with one_sentence():
        revision = prepare_database(PrepareSettings.from_environment())
    typer.echo(f"The database is at revision {revision}.")


@app.command()
def pages(target: Path) -> None:
    """Write the API's documentation for the gateway."""
    from accunode_docker.pages import write_pages

    write_pages(target)
    typer.echo(target)


@app.command()
def demo(
    show: Annotated[bool, typer.Option("--show", help="Print the sign-ins as JSON, and load nothing.")] = False,
) -> None:
    """Load the demo through the gateway."""
    from accunode_docker.demo import DemoSettings, kept, load

    with one_sentence():
        settings = DemoSettings.from_environment()
        typer.echo(kept(settings.demo.demo_folder) if show else load(settings))


@app.command()
def s3() -> None:
    """Run a store that speaks S3 and keeps objects in memory, for work on one machine."""
    from accunode_docker.s3 import serve_until_told

    serve_until_told()


@app.command()
def images(
    tag: str = "local",
    build: Annotated[bool, typer.Option(help="Build them first.")] = True,
) -> None:
    """Build every image, and print how large each is above its base; exit 1 if one is too large."""
    from accunode_docker.images import IMAGES, MEGABYTE, measure, revision
    from accunode_docker.images import build as build_image

    too_large = False
    with one_sentence():
        typer.echo(f"{'image':<14}{'total':>10}{'above base':>14}{'limit':>10}")
        for image in IMAGES:
            if build:
                build_image(image, tag, revision=revision())
            measured = measure(image, tag)
            too_large = too_large or not measured.fits
            limit = f"{image.limit} MB" if image.limit else "-"
            verdict = "" if measured.fits else "  too large"
            sizes = (f"{size / MEGABYTE:.1f} MB" for size in (measured.total, measured.above))
            typer.echo("{:<14}{:>10}{:>14}".format(image.name, *sizes) + f"{limit:>10}{verdict}")
    if too_large:
        raise typer.Exit(1)


@app.command()
def push(
    service: Annotated[str, typer.Argument(help="auth, tenants, predictions, bulk-upload or worker.")],
    region: Annotated[str | None, typer.Option(help="The registry's region; else AWS_REGION.")] = None,
    allow_dirty: Annotated[bool, typer.Option(help="Push even if files differ from the commit.")] = False,
) -> None:
    """Build one image from the checked-out commit, push it to ECR, and print its name by digest."""
    from accunode_docker.images import image_named
    from accunode_docker.push import Registry
    from accunode_docker.push import push as push_image

    with one_sentence():
        pushed = push_image(image_named(service), registry=Registry(region), allow_dirty=allow_dirty)
    typer.echo(pushed.reference)
    if not pushed.fresh:
        typer.echo(f"{pushed.tag} was there already.", err=True)


@app.command()
def swap(
    service: Annotated[str, typer.Argument(help="auth, tenants, predictions or bulk-upload.")],
    project: Annotated[str | None, typer.Option(help="The composed stack; else compose's own choice.")] = None,
) -> None:
    """Replace one service of the running stack by its newly built image, without losing a request."""
    from accunode_docker.compose import Compose
    from accunode_docker.swap import swap as swap_service

    with one_sentence():
        compose = Compose(project)
        compose("build", service)
        swap_service(service, compose, say=typer.echo)


@app.command()
def memory(rows: Annotated[int, typer.Option(min=1000, help="Rows of the bulk upload.")] = 100_000) -> None:
    """Start a stack of its own, load it, and print what each container holds; exit 1 above the limits."""
    from accunode_docker.memory import LIMITS, MEBIBYTE, measure

    with one_sentence():
        held = measure(rows=rows, say=typer.echo)
    typer.echo(f"{'container':<14}{'after':>12}{'highest':>12}")
    for name, (after, highest) in held.items():
        typer.echo(f"{name:<14}{after / MEBIBYTE:>8.0f} MiB{highest / MEBIBYTE:>8.0f} MiB")
    within = True
    for what, names, limit in LIMITS:
        total = sum(held[name][0] for name in names) / MEBIBYTE
        within = within and total <= limit
        typer.echo(f"{what}: {total:.0f} MiB of {limit} MiB")
    if not within:
        raise typer.Exit(1)
