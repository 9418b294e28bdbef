"""Which model version serves, and which is watched beside it."""

from dataclasses import replace

import pytest

from accunode_credit.champion import Version, in_use, serving
from accunode_credit.models.registry import ModelStatus
from accunode_scoring import Kind, ModelLibrary

ROWS = [
    ("annual", "champion", "1.0.0", "aa"),
    ("annual", "challenger", "1.1.0", "bb"),
    ("quarterly", "champion", "2.0.0", "cc"),
]


def test_each_kind_has_a_champion_and_perhaps_a_challenger() -> None:
    assert serving(ROWS) == {
        (Kind.ANNUAL, ModelStatus.CHAMPION): Version(Kind.ANNUAL, "1.0.0", "aa"),
        (Kind.ANNUAL, ModelStatus.CHALLENGER): Version(Kind.ANNUAL, "1.1.0", "bb"),
        (Kind.QUARTERLY, ModelStatus.CHAMPION): Version(Kind.QUARTERLY, "2.0.0", "cc"),
    }


@pytest.mark.parametrize(("kind", "conditions"), [(None, 1), (Kind.ANNUAL, 2)])
def test_the_registry_is_asked_for_one_kind_or_for_all(kind: Kind | None, conditions: int) -> None:
    where = in_use(kind).whereclause
    assert where is not None
    assert len(getattr(where, "clauses", [where])) == conditions


def test_a_version_is_here_only_with_the_files_that_the_registry_knows() -> None:
    library = ModelLibrary.load()
    entry = library.champion(Kind.ANNUAL)
    sha256 = next(
        each.sha256 for each in library.entries() if (each.kind, each.version) == (Kind.ANNUAL, entry.version)
    )
    known = Version(Kind.ANNUAL, entry.version, sha256)
    assert known.is_in(library)
    for other in ({"sha256": "0" * 64}, {"version": "0.0.0"}, {"kind": Kind.QUARTERLY, "sha256": sha256}):
        assert not replace(known, **other).is_in(library)  # type: ignore[arg-type]
