"""`python -m accunode_ml.training`: trains every kind; `... bench-scoring` measures the speed of scoring."""

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from accunode_ml.training import bench
from accunode_ml.training.data import read_us_accounts
from accunode_ml.training.export import save, save_card
from accunode_ml.training.pipeline import steps, train
from accunode_ml.training.recipe import RECIPES
from accunode_scoring.kinds import Kind

app = typer.Typer(add_completion=False)
app.command("bench-scoring")(bench.main)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="folder with the training data")] = Path("../shared/data"),
    out: Annotated[Path, typer.Option(help="folder of the model library")] = Path(
        "libs/scoring/src/accunode_scoring/models"
    ),
    cards: Annotated[Path, typer.Option(help="folder of the model cards")] = Path("docs/model-cards"),
    kind: Annotated[list[Kind] | None, typer.Option(help="only these kinds")] = None,
    processes: Annotated[int, typer.Option(min=1, help="trainings at once; the result is the same")] = 2,
) -> None:
    """Train, calibrate and write models; the same data give the same files."""
    if context.invoked_subcommand is not None:
        return
    recipes = [recipe for recipe in RECIPES if not kind or recipe.kind in kind]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("read accounts", total=sum(map(steps, recipes)))
        accounts = read_us_accounts(data)

        def advance(what: str) -> None:
            progress.update(task, advance=1, description=what)

        for trained_kind, variants in groupby(recipes, lambda recipe: recipe.kind):
            trained = [train(recipe, accounts, advance, processes) for recipe in variants]
            hashes = save(trained, out)
            save_card(trained, out, cards)
            progress.console.print(f"{trained_kind}: {len(hashes)} files")


if __name__ == "__main__":
    app()
