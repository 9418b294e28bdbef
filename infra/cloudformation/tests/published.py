"""What the product publishes of its own metrics, asked of the code that prints it."""

import importlib.util
import json
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from unittest.mock import patch

from infra.cloudformation.tests.conftest import CLOUDFORMATION
from infra.cloudformation.tests.resolved import of
from sqlalchemy import create_engine

from accunode_common.db.session import PoolUse
from accunode_common.emf import MetricsScope
from accunode_common.http.publishing import metric_line
from accunode_common.routing import SERVICES
from accunode_common.settings import MetricsSettings
from accunode_common.tasks.messages import Queue
from accunode_ml.relay.metrics import metric_lines as of_the_relay
from accunode_ml.relay.sampling import Sample
from accunode_ml.task_counts import Ended
from accunode_ml.task_metrics import metric_lines as of_a_worker

CHOICES = ("emf", "emf-essential")
Series = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its dimensions with their values."""


def published(choice: str) -> set[Series]:
    """Every series that a product with work of every kind prints, under that choice of `Metrics`."""
    scope = MetricsSettings.from_values({"metrics": choice, "metrics_environment": "production"}).scope
    assert scope is not None
    ended = {queue.value: [Ended(finished=1, waited_seconds=1.0, ran_seconds=1.0)] for queue in Queue}
    lines = [metric_line(scope, service.name, PoolUse(create_engine("sqlite://"))) for service in SERVICES]
    lines += of_a_worker(ended, scope) + of_the_relay(_sample(), scope) + _of_the_function(choice, scope)
    return {series for text in lines for series in _series(json.loads(text))}


def _series(document: dict[str, Any]) -> set[Series]:
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    (split,) = directive["Dimensions"]
    by = tuple((name, document[name]) for name in split)
    return {(metric["Name"], by) for metric in directive["Metrics"]}


def _sample() -> Sample:
    each = {queue.value: 1 for queue in Queue}
    return Sample(
        minute=datetime(2026, 1, 1, tzinfo=UTC),
        waiting=each,
        oldest_seconds=dict.fromkeys(each, 1.0),
        tasks={},
        queue_length=3,
        outbox_length=0,
        workers_alive=2,
        workers_busy=1,
        leases=0,
    )


def _of_the_function(choice: str, scope: MetricsScope) -> list[str]:
    """What the function of the template prints, told how long the queues are."""
    module = _function()
    (found,) = of("queue-metric", Metrics=choice).of_type("AWS::Lambda::Function")
    variables = {name: str(value) for name, value in found.properties["Environment"]["Variables"].items()}
    printed: list[str] = []
    with (
        patch.dict("os.environ", variables | {"ENVIRONMENT": scope.environment}),
        patch.object(module, "lengths", lambda queues: dict.fromkeys(queues, 1)),
        patch.object(sys.stdout, "write", printed.append),
    ):
        module.handler({}, None)
    return "".join(printed).splitlines()


def _function() -> ModuleType:
    source = CLOUDFORMATION / "functions" / "queue_metric.py"
    spec = importlib.util.spec_from_file_location("queue_metric", source)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
