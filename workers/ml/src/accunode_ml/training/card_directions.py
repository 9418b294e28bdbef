"""What a card says of directions and of silence: ladders, gaps and later years."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from accunode_ml.training.recipe import Recipe
from accunode_scoring.scorer import Scorer


def silence_sections(recipe: Recipe, scorer: Scorer, document: Mapping[str, Any]) -> Iterable[str]:
    """The sections of a model that reads gaps as assumed values; none of others."""
    completion = scorer.model.completion
    if completion is None:
        return
    labels = {ratio.name: ratio.label for ratio in scorer.model.feature_set.explained}
    yield "## Directions"
    yield (
        "Each input is a feature of its own, in which both families are constrained to rise or fall: bad news never "
        "lowers a probability at any horizon. The ladder shows the 1-year probability at the values below which 1 % to "
        "99 % of the training population lie, all else typical."
    )
    steps = next(iter(document["ladders"].values()))
    yield _table(
        ("Input", *(f"{100 * step['share_below']:g} %" for step in steps)),
        [
            (labels[name], *(f"{step['value']:g}: {100 * step['pd']:.2f} %" for step in ladder))
            for name, ladder in document["ladders"].items()
        ],
    )
    yield "## Silence"
    yield (
        "A missing input is read as a value that 98.5 % of companies alike are no worse than; alike are companies of "
        "about the same score with typical values in the gaps. The interval reaches from the score with typical "
        "values. Of the training population, whose members give the input, leaving it out lowers the probability of "
        "so many, and makes so many LOW:"
    )
    yield _table(
        ("Input", "Typical", "Read as, from the best companies to the worst", "Companies", "Lower", "To LOW"),
        [
            (labels[name], f"{typical:g}", *_gap(assumed.values, document["silence"].get(name)))
            for name, typical, assumed in zip(scorer.columns, completion.typical, completion.assumptions, strict=True)
        ],
    )
    if recipe.hazards:
        yield "## Later years"
        yield (
            "The second and the third year have models of their own, of a default in that year by companies that have "
            "not defaulted before; probabilities within two and three years follow from them and always rise. Those "
            "within four and five years are extrapolated: each further year has the third year's probability."
        )


def _gap(values: Sequence[float], told: Mapping[str, float] | None) -> tuple[str, str, str, str]:
    if told is None:
        return "must be given", "", "", ""
    read_as = ", ".join(f"{value:g}" for value in dict.fromkeys(values))
    return read_as, f"{told['companies']:,}", f"{100 * told['better']:.2f} %", f"{100 * told['to_low']:.3f} %"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
