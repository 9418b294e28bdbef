"""Every import rule of the repository fires when an import against it is added to those that the code has."""

from collections.abc import Sequence
from copy import deepcopy

import grimp
import pytest
from importlinter import Contract
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from tests.architecture.conftest import ROOT, Source
from tests.architecture.test_layer_rules import handlers

KINDS = {
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
CONTRACTS: dict[str, Contract] = {
    options["name"]: KINDS[options["type"]](options["name"], CONFIGURATION["session_options"], options)
    for options in CONFIGURATION["contracts_options"]
}

BUILDS = "Nothing that is deployed imports what builds, runs and deploys it"
VERBLESS = "What deploys knows no verb of the command line"
VERBS = "Verbs are registered by the command line, and do not know it"
OFFLINE = "What reads templates, prices them and replays a day asks AWS nothing"
RELEASES = "Change sets and events know no release, and releases no secrets and no checks"
INDEPENDENT = "Services and workers never import each other"
COMMON = "The common library imports no service, no worker and no other library"
LAYERS = "The common library has layers"
HTTP_FREE = "Who a caller is, and may do, is decided without HTTP"
STORES = "Stores know only what a store is, and one module knows the stores"
WORKER_LAYERS = "The worker has layers"
DECISIONS = "What becomes of rows is decided apart from SQL"
PURE_READING = "What reads files knows no database, no queue and no store"
IDENTITY = next(name for name in CONTRACTS if name.startswith("Identity imports"))
CREDIT = next(name for name in CONTRACTS if name.startswith("The credit domain imports"))
SCORING = next(name for name in CONTRACTS if name.startswith("Scoring imports"))
LAUNCHER = "Nothing that is deployed imports the launcher"
SERVING = "Nothing that serves imports training tools or the queue"
CALLS = "In a feature: the router calls the service, the service the repository"
REPOSITORIES = "Repositories know no service"
ROUTERS = "Applications alone know routers"

SERVICES = {
    "accunode_auth": "users",
    "accunode_tenants": "members",
    "accunode_predictions": "companies",
    "accunode_bulk_upload": "uploads",
}
"""A feature of each service, with a router, a service and a repository."""

BREAKING = [
    (BUILDS, "accunode_common.ids", "accunode_docker.cli"),
    (BUILDS, "accunode_ml.jobs", "accunode_infra.cli"),
    (VERBLESS, "accunode_infra.aws", "accunode_infra.cli"),
    (VERBLESS, "accunode_infra.release", "accunode_infra.commands"),
    (VERBS, "accunode_infra.commands", "accunode_infra.cli"),
    (OFFLINE, "accunode_infra.stacks", "boto3"),
    (OFFLINE, "accunode_infra.cost.month", "accunode_infra.aws"),
    (RELEASES, "accunode_infra.aws", "accunode_infra.stackops"),
    (RELEASES, "accunode_infra.release", "accunode_infra.secrets"),
    (INDEPENDENT, "accunode_auth.app", "accunode_tenants.app"),
    (INDEPENDENT, "accunode_ml.jobs", "accunode_predictions.resources"),
    (COMMON, "accunode_common.migrations.__main__", "accunode_credit.models"),
    (COMMON, "accunode_common.testing.plugin", "accunode_devstack.cli"),
    (LAYERS, "accunode_common.auth.subject", "accunode_common.http.context"),
    (LAYERS, "accunode_common.models.columns", "accunode_common.tasks.messages"),
    (LAYERS, "accunode_common.db.base", "accunode_common.models.columns"),
    (HTTP_FREE, "accunode_common.auth.subject", "fastapi"),
    (HTTP_FREE, "accunode_common.auth.tokens", "accunode_common.http.context"),
    (HTTP_FREE, "accunode_common.ratelimit", "starlette"),
    (STORES, "accunode_common.storage.local", "accunode_common.storage.s3"),
    (STORES, "accunode_common.storage.base", "accunode_common.storage.open"),
    (WORKER_LAYERS, "accunode_ml.repositories.chunks", "accunode_ml.leased.task"),
    (WORKER_LAYERS, "accunode_ml.leased.task", "accunode_ml.bulk.score"),
    (WORKER_LAYERS, "accunode_ml.monitoring.drift", "accunode_ml.portfolio.stress"),
    (WORKER_LAYERS, "accunode_ml.portfolio.rescore", "accunode_ml.bulk.scoring"),
    (WORKER_LAYERS, "accunode_ml.bulk.score", "accunode_ml.worker"),
    (WORKER_LAYERS, "accunode_ml.relay.loop", "accunode_ml.worker"),
    (WORKER_LAYERS, "accunode_ml.ingest.rows", "accunode_ml.repositories.jobs"),
    (DECISIONS, "accunode_ml.bulk.decisions", "accunode_ml.repositories.row_issues"),
    (PURE_READING, "accunode_ml.ingest.rows", "sqlalchemy"),
    (PURE_READING, "accunode_ml.ingest.header", "accunode_common.storage.open"),
    (IDENTITY, "accunode_identity.people", "fastapi"),
    (IDENTITY, "accunode_identity.schemas", "accunode_common.http.pagination"),
    (IDENTITY, "accunode_identity.inviting", "accunode_credit.records"),
    (CREDIT, "accunode_credit.newest", "accunode_common.http.context"),
    (CREDIT, "accunode_credit.jobs", "celery"),
    (CREDIT, "accunode_credit.columns", "accunode_ml.jobs"),
    (SCORING, "accunode_scoring.kinds", "accunode_common.ids"),
    (SCORING, "accunode_scoring.ratios", "scipy"),
    (LAUNCHER, "accunode_credit.jobs", "accunode_devstack.cli"),
    (LAUNCHER, "accunode_auth.main", "accunode_devstack.cli"),
    (SERVING, "accunode_predictions.app", "lightgbm"),
    (SERVING, "accunode_bulk_upload.app", "celery"),
    *((CALLS, f"{package}.{name}.router", f"{package}.{name}.repository") for package, name in SERVICES.items()),
    (CALLS, "accunode_predictions.predictions.statistics.router", "accunode_predictions.companies.repository"),
    (CALLS, "accunode_predictions.predictions.router_of_kind", "accunode_predictions.predictions.repository"),
    *(
        (REPOSITORIES, f"{package}.{name}.repository", f"{package}.{name}.service")
        for package, name in SERVICES.items()
    ),
    (
        REPOSITORIES,
        "accunode_predictions.predictions.statistics.repository",
        "accunode_predictions.portfolio.analyses.service",
    ),
    *((ROUTERS, f"{package}.{name}.service", f"{package}.{name}.router") for package, name in SERVICES.items()),
    (ROUTERS, "accunode_predictions.predictions.repository", "accunode_predictions.predictions.statistics.router"),
    (ROUTERS, "accunode_predictions.predictions.forms", "accunode_predictions.predictions.router_of_kind"),
]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """What the code imports."""
    first, *others = CONFIGURATION["session_options"]["root_packages"]
    return grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)


def keeps(contract: str, imports: grimp.ImportGraph) -> bool:
    return CONTRACTS[contract].check(imports, verbose=False).kept


@pytest.mark.parametrize(("contract", "importer", "imported"), BREAKING)
def test_an_import_against_a_rule_is_refused(
    imports: grimp.ImportGraph, contract: str, importer: str, imported: str
) -> None:
    assert importer in imports.modules
    assert imported in imports.modules
    worse = deepcopy(imports)
    worse.add_import(importer=importer, imported=imported)
    assert not keeps(contract, worse)


@pytest.mark.parametrize(
    ("contract", "module"), [(LAYERS, "accunode_common.brand_new"), (WORKER_LAYERS, "accunode_ml.brand_new")]
)
def test_a_module_without_a_layer_is_refused(imports: grimp.ImportGraph, contract: str, module: str) -> None:
    larger = deepcopy(imports)
    larger.add_module(module)
    assert not keeps(contract, larger)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_code_keeps_the_rule(imports: grimp.ImportGraph, contract: str) -> None:
    assert keeps(contract, deepcopy(imports))


def test_every_rule_is_broken_once() -> None:
    assert {contract for contract, *_ in BREAKING} == set(CONTRACTS)


def test_every_module_with_handlers_is_a_router_to_the_rules(
    imports: grimp.ImportGraph, sources: Sequence[Source]
) -> None:
    options = {each["name"]: each for each in CONFIGURATION["contracts_options"]}
    expressions = options[CALLS]["source_modules"]
    assert expressions == options[ROUTERS]["protected_modules"]
    routers = {module for expression in expressions for module in imports.find_matching_modules(expression)}
    answering = {
        source.name.partition("/src/")[2].removesuffix(".py").replace("/", ".")
        for source in sources
        if source.name.startswith("services/") and not source.is_test and any(handlers(source.tree))
    }
    assert len(answering) > 30
    assert answering - routers == set()
