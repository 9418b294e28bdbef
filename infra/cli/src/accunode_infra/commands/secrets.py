"""`secrets`: what only the product's own parts may know, drawn, put, listed without values, and rotated."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.errors import RefusedError
from accunode_infra.invocation import invocation

secrets = typer.Typer(no_args_is_help=True, help="Draw, put, list and rotate secrets. No value is ever printed.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(secrets, name="secrets")


@secrets.command("list")
def list_secrets(context: typer.Context) -> None:
    """List the secrets: their names, how often they were written, and how old they are."""
    from accunode_infra.secrets.store import NEEDED, Store

    call = invocation(context)
    site = site_of(call)
    kept = Store(site).listed()
    missing = ["/".join(name) for name in NEEDED if name not in {each.name for each in kept}]
    now = site.clock.now()
    rows = [("/".join(each.name), each.version, (now - each.changed).days) for each in kept]
    call.output.table(["secret", "version", "days old"], rows)
    if missing:
        call.output.say(f"Missing: {', '.join(missing)}. `accunode-infra secrets init` draws and composes them.")
    documents = [{"name": name, "version": version, "days": days} for name, version, days in rows]
    call.output.result({"secrets": documents, "missing": missing})


@secrets.command()
def init(context: typer.Context) -> None:
    """Draw every secret that is missing, and compose the URLs for which the servers stand. What is there stays."""
    from accunode_infra.secrets.draw import draw

    call = invocation(context)
    written, waits = draw(site_of(call))
    names, waiting = ["/".join(each) for each in written], ["/".join(each) for each in waits]
    call.output.say(f"Written: {', '.join(names)}." if names else "Nothing was missing that can be written now.")
    if waiting:
        call.output.say(f"To be written once the data and cache stacks stand: {', '.join(waiting)}.")
    call.output.result({"written": names, "waiting": waiting})


@secrets.command()
def put(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as auth/mail-url.")],
    file: Annotated[
        Path | None, typer.Option(help="Take the value from a file; else it is asked for, or read.")
    ] = None,
) -> None:
    """Write one secret, from a prompt, standard input or a file; never from the command line."""
    from accunode_infra.secrets.draw import refuse_drawn
    from accunode_infra.secrets.store import Store, named

    call = invocation(context)
    wanted = named(name)
    refuse_drawn(wanted)
    Store(site_of(call)).put(wanted, _value(name, file))
    call.output.say(f"{name} is written; copies that start from now on have it.")
    call.output.result({"written": [name]})


@secrets.command()
def rotate(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="signing-keys, role-passwords, auth-token or master-password.")],
    break_lock: Annotated[bool, typer.Option("--break-lock", help="Take the lock from whoever holds it.")] = False,
) -> None:
    """Rotate a secret that is in use; what still has the old one goes on working. May be cut short and run again."""
    from accunode_infra.release.machine import holding
    from accunode_infra.secrets.rotate import rotate as rotate_secret

    call = invocation(context)
    site = site_of(call)
    done = holding(site, "rotate", what, lambda _: rotate_secret(site, what), break_lock=break_lock)
    call.output.say(f"{what} are rotated." if done else f"The rotation of {what} is not over.")
    call.output.result({"rotated": what, "done": done})


def _value(name: str, file: Path | None) -> str:
    if file is not None:
        try:
            value = file.read_text()
        except OSError as error:
            raise RefusedError(f"{file} cannot be read: {error.strerror}.") from None
    elif sys.stdin.isatty():
        value = str(typer.prompt(name, hide_input=True, confirmation_prompt=True))
    else:
        value = sys.stdin.read()
    if not value.strip():
        raise RefusedError(f"The value for {name} is empty.")
    return value.rstrip("\n")
