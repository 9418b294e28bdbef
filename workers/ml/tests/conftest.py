"""A worker over the test servers."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.plugin import SettingsFactory
from accunode_ml.runtime import Runtime
from accunode_ml.settings import WorkerSettings
from accunode_scoring import Kind, ModelLibrary

sys.path.insert(0, str(Path(__file__).parent))

from bulk_work import Bulk
from portfolio_models import with_a_riskier_version
from portfolio_work import PortfolioJobs


@pytest.fixture(scope="session")
def models() -> ModelLibrary:
    """The shipped models."""
    return ModelLibrary.load()


@pytest.fixture
def worker_settings(make_settings: SettingsFactory, tmp_path: Path) -> WorkerSettings:
    """Settings with small chunks, so that small files have several."""
    return make_settings(
        WorkerSettings,
        DatabaseRole.WORKER,
        storage_url=(tmp_path / "objects").as_uri(),
        chunk_rows=4,
        chunks_in_flight=2,
        chunk_retry_seconds=0,
        database_pool_size=2,
    )


@pytest.fixture
def runtime(worker_settings: WorkerSettings, models: ModelLibrary) -> Iterator[Runtime]:
    """A worker's resources."""
    opened = Runtime.open(worker_settings, models)
    yield opened
    opened.close()


@pytest.fixture
def bulk(runtime: Runtime, superuser: psycopg.Connection) -> Bulk:
    """Submits and performs."""
    return Bulk(runtime, superuser)


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory, models: ModelLibrary) -> ModelLibrary:
    """The shipped models and a version that finds everybody riskier."""
    champion = models.champion(Kind.ANNUAL).version
    return ModelLibrary.load(with_a_riskier_version(tmp_path_factory.mktemp("models"), champion))


@pytest.fixture
def portfolio(runtime: Runtime, bulk: Bulk, two_versions: ModelLibrary) -> PortfolioJobs:
    """Submits and performs jobs over a portfolio."""
    bulk.runtime = replace(runtime, models=two_versions)
    return PortfolioJobs(bulk)
