"""The four services' applications, built from settings that lead nowhere."""

from typing import Any

import pytest
from tests.applications import Application, build, only_known

from accunode_auth.admin import generate_key


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> list[Application]:
    """Every service's application; nothing is opened, so the addresses need not exist."""
    folder = tmp_path_factory.mktemp("architecture")
    generate_key(folder / "key.pem")
    values: dict[str, Any] = {
        "database_url": "postgresql://somebody:a-long-password@127.0.0.1:9/nowhere",
        "redis_url": "redis://:a-long-password@127.0.0.1:9/0",
        "storage_url": f"file://{folder}/objects",
        "jwks_url": "http://127.0.0.1:9/jwks.json",
        "signing_key_file": folder / "key.pem",
        "mail_url": f"file://{folder}/mail",
        "mfa_key": "a key for tests that nobody else has",
        "password_memory_kib": 64,
        "password_passes": 1,
    }
    return build(lambda _, kind: only_known(kind, values))
