"""Which model version serves, and which is watched beside it."""

from dataclasses import replace

import pytest

from accunode_credit.champion import ModelRefusedError, Registry, Version, registry_of
from accunode_credit.models.registry import ModelStatus
from accunode_scoring import Kind, ModelEntry, ModelLibrary

ROWS = [
    ("annual", "0.7.0", "aa", "champion"),
    ("annual", "1.1.0", "bb", "challenger"),
    ("annual", "0.9.0", "dd", "retired"),
    ("quarterly", "2.0.0", "cc", "champion"),
]


@pytest.fixture
def library() -> ModelLibrary:
    return ModelLibrary.load()


def entry_of(library: ModelLibrary, kind: Kind) -> ModelEntry:
    return next(entry for entry in library.entries() if (entry.kind, entry.status) == (kind, "champion"))


def registered(entry: ModelEntry) -> Version:
    return Version(entry.kind, entry.version, entry.sha256)


def test_each_kind_has_a_champion_and_perhaps_a_challenger() -> None:
    registry = registry_of(ROWS)
    assert registry.champion(Kind.ANNUAL) == Version(Kind.ANNUAL, "0.7.0", "aa")
    assert registry.in_role(Kind.ANNUAL, ModelStatus.CHALLENGER) == Version(Kind.ANNUAL, "1.1.0", "bb")
    assert registry.champion(Kind.QUARTERLY) == Version(Kind.QUARTERLY, "2.0.0", "cc")
    assert registry.in_role(Kind.QUARTERLY, ModelStatus.CHALLENGER) is None


def test_a_version_scores_only_with_the_files_that_the_registry_knows(library: ModelLibrary) -> None:
    known = registered(entry_of(library, Kind.ANNUAL))
    assert known.scorer(library).version == known.version
    for other in ({"sha256": "0" * 64}, {"version": "0.0.0"}, {"kind": Kind.QUARTERLY}):
        changed = replace(known, **other)  # type: ignore[arg-type]
        assert not changed.is_in(library)
        with pytest.raises(ModelRefusedError, match=rf"files of {changed.kind} model {changed.version} are missing or"):
            changed.scorer(library)


def test_nothing_serves_where_the_registry_retired_the_champion(library: ModelLibrary) -> None:
    entry = entry_of(library, Kind.ANNUAL)
    registry = Registry({registered(entry): ModelStatus.RETIRED}).with_all_of(library)
    with pytest.raises(ModelRefusedError, match="No annual model serves"):
        registry.champion(Kind.ANNUAL)


def test_the_librarys_champion_serves_where_nobody_has_registered_it_yet(library: ModelLibrary) -> None:
    entry = entry_of(library, Kind.ANNUAL)
    assert registry_of([]).with_all_of(library).champion(Kind.ANNUAL) == registered(entry)


def test_a_champion_of_the_registry_stays_when_the_librarys_is_registered(library: ModelLibrary) -> None:
    entry, registry = entry_of(library, Kind.ANNUAL), registry_of(ROWS)
    assert (entry, ModelStatus.CANDIDATE) in registry.lacks(library)
    assert registry.with_all_of(library).champion(Kind.ANNUAL).version == "0.7.0"


def test_a_version_that_neither_registry_nor_library_knows_is_refused(library: ModelLibrary) -> None:
    with pytest.raises(ModelRefusedError, match=r"annual model 9\.9\.9"):
        registry_of(ROWS).with_all_of(library).version(Kind.ANNUAL, "9.9.9")
