"""Settings from files, as containers get their secrets."""

from pathlib import Path

import pytest

from accunode_common.environment import SettingsError
from accunode_common.settings import DatabaseSettings, MailSettings, MetricsSettings

URL = "postgresql://accunode_auth:a-long-password@db:5432/accunode"


def test_a_setting_is_read_from_the_file_that_bears_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accunode_database_url").write_text(f"{URL}\n")
    monkeypatch.setenv("ACCUNODE_SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("ACCUNODE_DATABASE_URL", raising=False)
    assert DatabaseSettings.from_environment().url.get_secret_value() == URL


def test_the_environment_takes_precedence_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accunode_database_url").write_text("postgresql://other:another-password@db/accunode")
    monkeypatch.setenv("ACCUNODE_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", URL)
    assert DatabaseSettings.from_environment().url.get_secret_value() == URL


def test_a_secret_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("ACCUNODE_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match="ACCUNODE_DATABASE_URL: Field required"):
        DatabaseSettings.from_environment()


def test_a_secrets_folder_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_SECRETS_DIR", "/nowhere/at/all")
    with pytest.raises(SettingsError, match="/nowhere/at/all, which is not a folder"):
        DatabaseSettings.from_environment()


def test_a_setting_with_a_variable_of_its_own_is_read_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_MAIL_SENDER", "somebody else")
    monkeypatch.setenv("ACCUNODE_STACK", "staging")
    assert MailSettings.from_environment().sender == MailSettings.model_fields["sender"].default
    assert MetricsSettings.from_environment().stack is None
