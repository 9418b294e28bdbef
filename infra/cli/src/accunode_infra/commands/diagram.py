"""`diagram`: the stacks as a Mermaid flowchart."""

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(diagram)


def diagram() -> None:
    """Print the stacks as a Mermaid flowchart, made from the templates."""
    from accunode_infra.diagram import flowchart

    typer.echo(flowchart(), nl=False)
