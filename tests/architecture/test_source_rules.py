"""Rules for the source text that neither the linter nor the import contracts can check."""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import pytest
from tests.architecture.conftest import Source
from tests.architecture.test_layer_rules import handlers

Rule = Callable[[Source], Iterator[str]]

LONGEST_FILE = 400
PICKLES = frozenset({"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"})
ENVIRONMENT = frozenset({"environ", "environb", "getenv", "putenv"})
COMMANDS = frozenset({"main.py", "cli.py", "__main__.py"})
OF_SCORING = frozenset({*sys.stdlib_module_names, "numpy", "accunode_scoring"})
TRAINING_TOOLS = frozenset({"sklearn", "lightgbm", "scipy", "optuna", "matplotlib", "pandas", "shap", "statsmodels"})
# The simulation of scaling draws charts, too; what it belongs to is never deployed.
TRAINS = ("workers/ml/src/accunode_ml/training/", "tools/", "infra/cli/src/accunode_infra/simulation/chart.py")
PRINTS = frozenset({"print", "breakpoint"})
FOR_SERVICES = frozenset({"record", "add_task", "tell", "tell_address", "send"})
"""What leaves an audit event or a mail: a handler that did it would be passed over by the service's second caller."""
REVOKES = frozenset({"make_void", "record_revocations"})
"""What makes access tokens void: elsewhere, a token would slip through between the record and the reply."""
SETS_THE_CONTEXT = frozenset({"set_context", "set_context_sync"})
"""What says for whom a transaction runs: it begins so, and `acting_as` comes back to it."""


def no_file_is_long(source: Source) -> Iterator[str]:
    """A file does one job."""
    if len(source.text.splitlines()) > LONGEST_FILE:
        yield f"is longer than {LONGEST_FILE} lines"


def nothing_is_pickled(source: Source) -> Iterator[str]:
    """What reads a pickle runs whatever is in it."""
    yield from (f"imports {name}" for name in _packages(source) & PICKLES)


def settings_and_commands_read_the_environment(source: Source) -> Iterator[str]:
    """Everything else is given what it needs. The launcher, tools and what deploys may read it as well."""
    is_command = PurePosixPath(source.name).name in COMMANDS
    if not source.is_test and not is_command and not source.name.startswith(("libs/devstack/", "tools/", "infra/")):
        yield from (f"reads {name}" for name in ENVIRONMENT & set(_names(source.tree)))


def scoring_imports_numpy_and_nothing_else(source: Source) -> Iterator[str]:
    """It runs wherever a bank puts it."""
    if source.name.startswith("libs/scoring/src/"):
        yield from (f"imports {name}" for name in _packages(source) - OF_SCORING)


def training_tools_stay_in_training(source: Source) -> Iterator[str]:
    """What serves is small, and has no second way to score."""
    if not source.is_test and not source.name.startswith(TRAINS):
        yield from (f"imports {name}" for name in _packages(source) & TRAINING_TOOLS)
        if any(f"{name}.".startswith("accunode_ml.training.") for name in source.imports()):
            yield "imports accunode_ml.training"


def nothing_is_printed(source: Source) -> Iterator[str]:
    """A process writes its log, in which nothing secret is."""
    calls = (node.func for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    if not source.is_test:
        yield from (f"calls {called.id}" for called in calls if isinstance(called, ast.Name) and called.id in PRINTS)


def roles_are_not_compared(source: Source) -> Iterator[str]:
    """Permissions decide, not roles: a comparison would be a rule that the permission table does not show.

    Which of two roles is higher is asked of `accunode_common.auth.roles`, which has that table.
    """
    if source.is_test or source.name.startswith(("libs/devstack/", "libs/common/src/accunode_common/testing/")):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "rank":
            yield "uses rank"
        elif isinstance(node, ast.Compare) and _has_the_callers_role(node):
            yield f"compares the caller's role: {ast.unparse(node)}"
        elif isinstance(node, ast.Subscript) and _has_the_callers_role(node.slice):
            yield f"looks up the caller's role: {ast.unparse(node)}"
        elif isinstance(node, ast.Match) and _has_the_callers_role(node.subject):
            yield f"compares the caller's role: {ast.unparse(node.subject)}"
        elif isinstance(node, ast.Assign | ast.NamedExpr) and _is_the_callers_role(node.value):
            yield f"takes the caller's role aside: {ast.unparse(node)}"


def handlers_leave_audit_events_and_mails_to_services(source: Source) -> Iterator[str]:
    """A handler parses, calls a service and answers."""
    if source.name.startswith("services/") and not source.is_test:
        for handler in handlers(source.tree):
            for node in ast.walk(handler):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in FOR_SERVICES:
                    yield f"{handler.name} calls .{called.attr}()"


def session_revocation_alone_makes_tokens_void(source: Source) -> Iterator[str]:
    """It records who is meant before it tells Redis, and after nothing else can fail."""
    used = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    if not source.is_test:
        yield from (f"uses {name}" for name in used & REVOKES)


def a_transaction_changes_its_context_by_acting_as_alone(source: Source) -> Iterator[str]:
    """Acting for somebody else ends, whatever happens."""
    if not source.is_test:
        yield from (f"uses {name}" for name in SETS_THE_CONTEXT & set(_names(source.tree)))


def _packages(source: Source) -> set[str]:
    return {name.partition(".")[0] for name in source.imports()}


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name that is used or imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def _has_the_callers_role(node: ast.AST) -> bool:
    return any(map(_is_the_callers_role, ast.walk(node)))


def _is_the_callers_role(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "role"
        and _name(node.value) in {"subject", "_subject", "caller"}
    )


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


EXCEPTIONS: Mapping[Rule, Mapping[str, set[str]]] = {
    no_file_is_long: {
        # Generated: the whole schema.
        "libs/common/src/accunode_common/migrations/versions/0001_the_complete_schema.py": {"is longer than 400 lines"},
    },
    nothing_is_pickled: {},
    settings_and_commands_read_the_environment: {
        # It passes the places of programs on, and no settings.
        "libs/common/src/accunode_common/tabular/confined.py": {"reads environ"},
        # It is what reads settings.
        "libs/common/src/accunode_common/environment.py": {"reads environ"},
        # A command.
        "services/auth/src/accunode_auth/admin.py": {"reads environ"},
        # A command, which tells the processes that it starts.
        "libs/common/src/accunode_common/serve.py": {"reads environ"},
    },
    scoring_imports_numpy_and_nothing_else: {},
    training_tools_stay_in_training: {},
    nothing_is_printed: {},
    roles_are_not_compared: {"libs/common/src/accunode_common/auth/roles.py": {"uses rank"}},
    handlers_leave_audit_events_and_mails_to_services: {},
    session_revocation_alone_makes_tokens_void: {
        "libs/common/src/accunode_common/auth/revocation.py": {"uses record_revocations"},
        "libs/common/src/accunode_common/testing/plugin.py": {"uses make_void"},
        "libs/identity/src/accunode_identity/session_revocation.py": {"uses make_void"},
    },
    a_transaction_changes_its_context_by_acting_as_alone: {
        "libs/common/src/accunode_common/db/session.py": {"uses set_context", "uses set_context_sync"},
    },
}
"""Every rule, with the files in which it is broken on purpose, and by what."""


def broken(rule: Rule, sources: Iterable[Source]) -> dict[str, set[str]]:
    """The files that break a rule, and how."""
    return {source.name: faults for source in sources if (faults := set(rule(source)))}


@pytest.mark.parametrize("rule", EXCEPTIONS, ids=lambda rule: rule.__name__)
def test_the_source_keeps_to_its_rules(sources: Sequence[Source], rule: Rule) -> None:
    assert broken(rule, sources) == EXCEPTIONS[rule]


SERVICE = "services/sample/src/accunode_sample/records/service.py"
SCORING = "libs/scoring/src/accunode_scoring/sample.py"
TRAINING = "workers/ml/src/accunode_ml/training/sample.py"
TEST = "services/sample/tests/test_sample.py"
_HANDLER = "@router.post('')\nasync def create_user(session, trail, tasks):\n    await "

FIRING = [
    (no_file_is_long, SERVICE, "a = 1\n" * (LONGEST_FILE + 1), "is longer than 400 lines"),
    (nothing_is_pickled, TEST, "from joblib import load", "imports joblib"),
    (nothing_is_pickled, SERVICE, "def late():\n    import pickle as p", "imports pickle"),
    (settings_and_commands_read_the_environment, SERVICE, "import os\nhost = os.environ['HOST']", "reads environ"),
    (settings_and_commands_read_the_environment, SERVICE, "from os import getenv", "reads getenv"),
    (scoring_imports_numpy_and_nothing_else, SCORING, "import accunode_common.ids", "imports accunode_common"),
    (scoring_imports_numpy_and_nothing_else, SCORING, "from pandas import read_csv", "imports pandas"),
    (training_tools_stay_in_training, SERVICE, "import lightgbm", "imports lightgbm"),
    (training_tools_stay_in_training, SERVICE, "from accunode_ml import training", "imports accunode_ml.training"),
    (nothing_is_printed, SERVICE, "def f(a):\n    print(a)", "calls print"),
    (nothing_is_printed, SERVICE, "breakpoint()", "calls breakpoint"),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(subject):\n    return subject.role == 'admin'",
        "compares the caller's role: subject.role == 'admin'",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(self):\n    return USER in (1, 2) and ADMIN != self._subject.role",
        "compares the caller's role: ADMIN != self._subject.role",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(caller):\n    return caller.role.value in NAMES",
        "compares the caller's role: caller.role.value in NAMES",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(subject):\n    match subject.role:\n        case 'admin':\n            return 1",
        "compares the caller's role: subject.role",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(subject):\n    return GRANTS[subject.role]",
        "looks up the caller's role: GRANTS[subject.role]",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(subject):\n    role = subject.role\n    return role == 'admin'",
        "takes the caller's role aside: role = subject.role",
    ),
    (
        roles_are_not_compared,
        SERVICE,
        "def f(subject, row):\n    return GRANTS[row.role].rank > 0",
        "uses rank",
    ),
    (
        handlers_leave_audit_events_and_mails_to_services,
        SERVICE,
        f"{_HANDLER}trail.record(session, 'user.create', 'user')",
        "create_user calls .record()",
    ),
    (
        handlers_leave_audit_events_and_mails_to_services,
        SERVICE,
        f"{_HANDLER}service.create(session)\n    tasks.add_task(mailer.send, mail)",
        "create_user calls .add_task()",
    ),
    (
        session_revocation_alone_makes_tokens_void,
        SERVICE,
        "async def deactivate(session, app):\n    await app.revocations.make_void(session, 'user', [])",
        "uses make_void",
    ),
    (
        a_transaction_changes_its_context_by_acting_as_alone,
        SERVICE,
        "from accunode_common.db.session import set_context",
        "uses set_context",
    ),
    (
        a_transaction_changes_its_context_by_acting_as_alone,
        SERVICE,
        "async def leave(session, context):\n    await session.set_context(session, context)",
        "uses set_context",
    ),
    (
        a_transaction_changes_its_context_by_acting_as_alone,
        SERVICE,
        "def begin(session, context):\n    set_context_sync(session, context)",
        "uses set_context_sync",
    ),
]
SILENT = [
    (no_file_is_long, SERVICE, "a = 1\n" * LONGEST_FILE),
    (nothing_is_pickled, SERVICE, "import json\ndef pickle(a):\n    return json.dumps(a)\npickle(1)"),
    (settings_and_commands_read_the_environment, SERVICE, "def f(settings):\n    return settings.environment"),
    (settings_and_commands_read_the_environment, "services/sample/src/accunode_sample/main.py", "os.environ['HOST']"),
    (settings_and_commands_read_the_environment, TEST, "os.environ['HOST']"),
    (
        scoring_imports_numpy_and_nothing_else,
        SCORING,
        "import json\nimport numpy.linalg\nimport accunode_scoring.kinds",
    ),
    (scoring_imports_numpy_and_nothing_else, SERVICE, "import fastapi"),
    (training_tools_stay_in_training, TRAINING, "import sklearn\nimport accunode_ml.training.data"),
    (training_tools_stay_in_training, SERVICE, "import numpy\nimport accunode_ml.training_data"),
    (nothing_is_printed, SERVICE, "def f(log, a):\n    log.info(a)\n    a.print()"),
    (nothing_is_printed, TEST, "print(1)"),
    (roles_are_not_compared, SERVICE, "def f(subject, row):\n    return subject.may(READ) and row.role == 'admin'"),
    (roles_are_not_compared, SERVICE, "def f(subject, role):\n    return may_assign(subject.role, role)"),
    (
        handlers_leave_audit_events_and_mails_to_services,
        SERVICE,
        f"{_HANDLER}service.create(session, trail)\nasync def create(trail):\n    await trail.record(None, 'a', 'b')",
    ),
    (
        session_revocation_alone_makes_tokens_void,
        SERVICE,
        "async def deactivate(session, app):\n    await session_revocation.end_sessions(session, app, [])",
    ),
    (
        a_transaction_changes_its_context_by_acting_as_alone,
        SERVICE,
        "async def f(session, context):\n    async with acting_as(session, context):\n        await service.f(session)",
    ),
]


@pytest.mark.parametrize(("rule", "name", "text", "fault"), FIRING)
def test_source_that_breaks_a_rule_is_found(rule: Rule, name: str, text: str, fault: str) -> None:
    assert fault in set(rule(Source(name, text)))


@pytest.mark.parametrize(("rule", "name", "text"), SILENT)
def test_source_that_keeps_a_rule_is_not(rule: Rule, name: str, text: str) -> None:
    assert list(rule(Source(name, text))) == []


def test_every_rule_has_source_that_breaks_and_source_that_keeps_it() -> None:
    assert {rule for rule, *_ in FIRING} == {rule for rule, *_ in SILENT} == set(EXCEPTIONS)
