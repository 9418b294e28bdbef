"""Model files are verified, compiled once, and cost little."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scoring_inputs import KINDS, library

from accunode_scoring import Kind, ModelFilesError, ModelLibrary, UnknownModelError
from accunode_scoring.library import MANIFEST, SHIPPED_MODELS


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED_MODELS, tmp_path / "models"))


def test_every_kind_has_one_champion() -> None:
    for kind in KINDS:
        champions = [entry for entry in library().entries() if entry.kind is kind and entry.status == "champion"]
        assert len(champions) == 1
        assert library().champion(kind).version == champions[0].version
        assert library().champion(kind) is library().scorer(kind, champions[0].version)


def test_the_manifest_names_every_file_of_a_version() -> None:
    for entry in library().entries():
        folder = SHIPPED_MODELS / entry.kind / entry.version
        assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(entry.files)
        assert len(entry.sha256) == 64


def test_a_changed_file_is_refused(copied: Path) -> None:
    path = copied / "annual" / library().champion(Kind.ANNUAL).version / "lightgbm_1y.txt"
    path.write_text(path.read_text().replace("leaf_value=", "leaf_value=0", 1))
    with pytest.raises(ModelFilesError, match="differs from its SHA-256"):
        ModelLibrary.load(copied)


def test_a_lost_file_is_refused(copied: Path) -> None:
    (copied / "quarterly" / library().champion(Kind.QUARTERLY).version / "model.json").unlink()
    with pytest.raises(ModelFilesError, match=r"can't be read"):
        ModelLibrary.load(copied)


def test_a_file_changed_after_loading_is_refused_when_it_is_compiled(copied: Path) -> None:
    opened = ModelLibrary.load(copied)
    path = copied / "annual" / library().champion(Kind.ANNUAL).version / "model.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(ModelFilesError):
        opened.champion(Kind.ANNUAL)


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=MANIFEST):
        ModelLibrary.load(tmp_path)


def test_an_unknown_version_is_an_error() -> None:
    with pytest.raises(UnknownModelError):
        library().scorer(Kind.ANNUAL, "0.0.0")


def test_a_kind_without_champion_is_an_error(copied: Path) -> None:
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["models"] = [model for model in manifest["models"] if model["kind"] != "annual"]
    (copied / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(UnknownModelError):
        ModelLibrary.load(copied).champion(Kind.ANNUAL)


def test_metrics_of_a_version_can_be_read() -> None:
    for entry in library().entries():
        metrics = library().metrics(entry.kind, entry.version)
        assert metrics["plain"]["validation"]["1y"]["ensemble"]["auc"] > 0.75


def test_serving_imports_numpy_and_nothing_else() -> None:
    code = (
        "import sys; from accunode_scoring import Kind, ModelLibrary; ModelLibrary.load().champion(Kind.ANNUAL);"
        "print(sorted({m.split('.')[0] for m in sys.modules if 'site-packages' in"
        " (getattr(sys.modules[m], '__file__', None) or '')} - {'numpy', 'accunode_scoring'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = set(found.stdout.strip().strip("[]").replace("'", "").split(", ")) - {""}
    assert not {name for name in names if not name.startswith(("_", "distutils"))}
