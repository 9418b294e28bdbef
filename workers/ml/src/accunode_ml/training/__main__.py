"""`python -m accunode_ml.training` trains every kind; `cards` draws the model cards, `bench-scoring` times scoring."""

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from accunode_ml.training import bench
from accunode_ml.training.data import read_us_accounts
from accunode_ml.training.export import save, save_curves
from accunode_ml.training.pages import write_pages
from accunode_ml.training.pipeline import steps, train
from accunode_ml.training.plausibility_page import plausibility_page
from accunode_ml.training.provenance import Provenance
from accunode_ml.training.recipe import RECIPES
from accunode_scoring.kinds import Kind
from accunode_scoring.library import ModelLibrary

MODELS = Path("libs/scoring/src/accunode_scoring/models")
CURVES = Path("docs/model-cards")

app = typer.Typer(add_completion=False)
app.command("bench-scoring")(bench.main)


@app.command("cards")
def cards(
    out: Annotated[Path, typer.Argument(help="folder of the pages")] = Path("build/model-cards"),
    models: Annotated[Path, typer.Option(help="folder of the model library")] = MODELS,
    curves: Annotated[Path, typer.Option(help="folder of the curves")] = CURVES,
) -> None:
    """Write every version's card with its plots, in Markdown and HTML."""
    for page in write_pages(ModelLibrary.load(models), curves, out):
        typer.echo(page)


@app.command("plausibility")
def plausibility(
    data: Annotated[Path, typer.Option(help="folder with the training data")],
    out: Annotated[Path, typer.Option(help="the page")] = Path("docs/guides/plausibility.md"),
) -> None:
    """Write which accounts are flagged as looking wrong, and how many of the filers each flag is raised for."""
    out.write_text(plausibility_page(read_us_accounts(data)), encoding="utf-8")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="folder with the training data")] = None,
    out: Annotated[Path, typer.Option(help="folder of the model library")] = MODELS,
    curves: Annotated[Path, typer.Option(help="folder of what the cards' plots show")] = CURVES,
    kind: Annotated[list[Kind] | None, typer.Option(help="only these kinds")] = None,
    processes: Annotated[int, typer.Option(min=1, help="trainings at once; the result is the same")] = 2,
) -> None:
    """Train, calibrate and write models; the same data give the same files."""
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("Say which folder holds the training data: --data FOLDER.")
    recipes = [recipe for recipe in RECIPES if not kind or recipe.kind in kind]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("read accounts", total=sum(map(steps, recipes)))
        accounts = read_us_accounts(data)

        def advance(what: str) -> None:
            progress.update(task, advance=1, description=what)

        for trained_kind, variants in groupby(recipes, lambda recipe: recipe.kind):
            trained = [train(recipe, accounts, advance, processes) for recipe in variants]
            hashes = save(trained, out, Provenance.now(data))
            save_curves(trained, curves)
            progress.console.print(f"{trained_kind}: {len(hashes)} files")


if __name__ == "__main__":
    app()
