"""What the commands print: Rich for people, one JSON document with `--json`.

With `--json`, standard output holds exactly one document, and progress goes to standard error.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from accunode_infra.errors import InfraError, UsageError

_PIPE_WIDTH = 10_000


class Output:
    """Where results, progress and questions go.

    Attributes:
        json: Whether standard output is one JSON document.
        yes: Whether questions answer themselves.
    """

    def __init__(self, *, json: bool = False, yes: bool = False, color: bool = True) -> None:
        self.json = json
        self.yes = yes
        self._people = Console(no_color=not color, highlight=False, soft_wrap=True)
        if not self._people.is_terminal:
            # A pipe has no width: what reads it wants a row a line, and names whole.
            self._people.width = _PIPE_WIDTH
        self._progress = Console(stderr=json, no_color=not color, highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, no_color=not color, highlight=False, soft_wrap=True)

    def say(self, text: str, *, style: str | None = None) -> None:
        """A line of progress. Text is printed as it is: what looks like markup is not."""
        self._progress.print(Text(text, style=style or ""))

    def show(self, what: RenderableType) -> None:
        """Something for people's eyes only: a table, a tree, a text. Left out with `--json`."""
        if not self.json:
            self._people.print(what)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
        """A table for people's eyes. Columns whose every cell is a number stand to the right."""
        cells = [[_cell(value) for value in row] for row in rows]
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for index, column in enumerate(columns):
            numeric = bool(cells) and all(_is_number(row[index]) for row in cells)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in cells:
            table.add_row(*row)
        self.show(table)

    def result(self, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """The document that `--json` prints: call it once, at the end. Dates become ISO 8601, decimals numbers."""
        if self.json:
            sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")

    def error(self, error: InfraError) -> None:
        """Say what went wrong, on standard error; with `--json` also as the document."""
        self._errors.print(Text(str(error), style="red"))
        self.result({**error.document, "error": str(error), "code": error.code})

    def confirm(self, question: str) -> bool:
        """Ask yes or no; `--yes` answers yes.

        Raises:
            UsageError: Nobody is there to answer.
        """
        if self.yes:
            return True
        return self._ask(f"{question} [y/N] ", "--yes").strip().lower() in {"y", "yes"}

    def confirm_typed(self, question: str, word: str, *, typed: str | None = None) -> bool:
        """Ask for a word to be typed, where a yes is too easily given. `--yes` does not answer it, `typed` does.

        Raises:
            UsageError: Nobody is there to answer.
        """
        answer = typed if typed is not None else self._ask(f"{question} Type {word} to go on: ", f"--confirm {word}")
        return answer.strip() == word

    def refuse_unanswered(self) -> None:
        """Refuse, before anything is done, what will ask a yes or no later.

        Raises:
            UsageError: Nobody is there to answer, and `--yes` is not given.
        """
        if not self.yes:
            self._refuse_absent("--yes")

    def _refuse_absent(self, option: str) -> None:
        if self.json or not sys.stdin.isatty():
            raise UsageError(f"This asks before it goes on, and nobody is here to answer: give {option}.")

    def _ask(self, question: str, option: str) -> str:
        self._refuse_absent(option)
        return self._people.input(Text(question))


def _cell(value: object) -> str:
    return "" if value is None else f"{value:,.2f}" if isinstance(value, float | Decimal) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").removeprefix("$"))
    except ValueError:
        return text == ""
    return True


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")
