"""Model cards with plots, in Markdown and HTML, from what is kept of a version: its files and its curves."""

import json
from collections.abc import Iterable
from pathlib import Path

from markdown_it import MarkdownIt

from accunode_ml.training.card import title, variants, with_variant
from accunode_ml.training.plots import draw
from accunode_scoring.library import ModelLibrary
from accunode_scoring.scorer import Scorer

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2733}}
table{{border-collapse:collapse;margin:1rem 0;font-size:.9rem}}
td,th{{padding:.2rem .7rem;border-bottom:1px solid #d5dbe1;text-align:right}}
td:first-child,th:first-child{{text-align:left}}img{{max-width:100%}}
</style></head><body>
{body}</body></html>
"""


def write_pages(library: ModelLibrary, curves: Path, folder: Path) -> list[Path]:
    """Write `kind-version.md`, `.html` and their images for every version with a card; returns the HTML files.

    Raises FileNotFoundError when `curves` has no `kind-version.json` of a version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for entry in library.entries():
        card = library.card(entry.kind, entry.version)
        if card is not None:
            name = f"{entry.kind}-{entry.version}"
            plots = _plots(library.scorer(entry.kind, entry.version), curves / f"{name}.json", folder, name)
            text = "\n\n".join((card.rstrip(), *plots)) + "\n"
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
            body = MarkdownIt("commonmark").enable("table").render(text)
            page = folder / f"{name}.html"
            page.write_text(_PAGE.format(title=title(entry.kind, entry.version), body=body), encoding="utf-8")
            written.append(page)
    return written


def _plots(scorer: Scorer, curves: Path, folder: Path, name: str) -> Iterable[str]:
    kept = json.loads(curves.read_text(encoding="utf-8"))
    for variant, each in variants(scorer).items():
        drawn = draw(folder, f"{name}{variant and '-'}{variant}", kept[variant or "plain"], each)
        yield f"## Plots{with_variant(variant)}"
        yield from (f"![{caption}]({image})" for image, caption in drawn)
