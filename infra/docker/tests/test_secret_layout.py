"""Secrets are drawn once, and each container finds its own and no other's."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from accunode_auth.settings import AuthSettings
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.environment import Concern, ProcessSettings
from accunode_common.migrations.prepare import PrepareSettings
from accunode_common.settings import VerifierSettings
from accunode_docker.secrets import READERS, lay_out
from accunode_ml.settings import RelaySettings, WorkerSettings

SETTINGS: dict[str, type[Concern] | type[ProcessSettings]] = {
    "auth": AuthSettings,
    "tenants": VerifierSettings,
    "predictions": VerifierSettings,
    "bulk-upload": BulkUploadSettings,
    "worker": WorkerSettings,
    "relay": RelaySettings,
    "migrate": PrepareSettings,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh layout."""
    lay_out(tmp_path)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_laying_out_again_changes_nothing(root: Path) -> None:
    before = contents(root)
    lay_out(root)
    assert contents(root) == before


def test_everything_can_be_written_again_from_what_is_kept(root: Path) -> None:
    before = contents(root)
    for path in root.rglob("*"):
        if path.is_file() and path.parent.name != "kept":
            path.unlink()
    lay_out(root)
    assert contents(root) == before


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        lay_out(tmp_path / name)
        kept = json.loads((tmp_path / name / "kept" / "passwords.json").read_text())
        drawn.append({*kept["passwords"].values(), kept["signing_key"]})
    assert not drawn[0] & drawn[1]
    assert len(drawn[0]) == len(LOGIN_ROLES) + 5


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_container_signs_in_as_its_own_role(root: Path, reader: str) -> None:
    url = urlsplit((root / reader / "accunode_database_url").read_text())
    assert url.username == READERS[reader]


def test_only_auth_has_the_signing_key_and_only_migrate_the_owner_of_the_schema(root: Path) -> None:
    text = contents(root)
    assert [name for name, content in text.items() if "PRIVATE KEY" in content and not name.startswith("kept/")] == [
        "auth/signing-key.pem"
    ]
    owner = json.loads(text["kept/passwords.json"])["passwords"][DatabaseRole.MIGRATOR]
    holders = {name for name, content in text.items() if owner in content}
    assert holders == {"kept/passwords.json", "migrate/accunode_role_passwords"}


@pytest.mark.parametrize("reader", sorted(SETTINGS))
def test_the_files_are_the_settings_that_a_container_lacks_otherwise(
    root: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCUNODE_SECRETS_DIR", str(root / reader))
    monkeypatch.setenv("ACCUNODE_JWKS_URL", "http://gateway:8080/.well-known/jwks.json")
    monkeypatch.setenv("ACCUNODE_STORAGE_URL", "file:///var/lib/accunode/objects")
    monkeypatch.setenv("ACCUNODE_SIGNING_KEY_FILE", str(root / "auth" / "signing-key.pem"))
    settings = SETTINGS[reader].from_environment()
    if isinstance(settings, AuthSettings):
        assert settings.mfa.key is not None
