"""The command line: `python -m accunode_docker routes|secrets|prepare|pages|demo|images|push|memory`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from accunode_common.settings import SettingsError
from accunode_docker.errors import DockerError

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
GATEWAY = Path(__file__).resolve().parents[2] / "gateway"


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what the user can mend into one line and exit 1; everything else stays a traceback."""
    try:
        yield
    except (DockerError, SettingsError) as error:
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
    from accunode_docker.prepare import PrepareSettings
    from accunode_docker.prepare import prepare as prepare_database

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
        typer.echo(kept(settings.demo_folder) if show else load(settings))
