"""`python -m accunode_ml.healthcheck worker` (or `relay`) ends with 0 when that process has beaten lately, else 1."""

from typing import Annotated

import typer

from accunode_common.settings import SettingsError
from accunode_ml.heartbeat import STALE_SECONDS, age
from accunode_ml.settings import HeartbeatSettings


def check(
    process: Annotated[str, typer.Argument(help="worker or relay")] = "worker",
    stale_after: Annotated[float, typer.Option(help="Seconds after which a heartbeat is too old.")] = STALE_SECONDS,
) -> None:
    """Look at the heartbeat file of a process."""
    try:
        path = HeartbeatSettings.from_environment().heartbeat(process)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    seconds = age(path)
    if seconds is None:
        typer.echo(f"There is no heartbeat at {path}.", err=True)
        raise typer.Exit(1)
    if seconds > stale_after:
        typer.echo(f"The last heartbeat was {seconds:.0f} s ago.", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(check)
