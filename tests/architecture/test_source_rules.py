"""Rules for the source text that neither the linter nor the import contracts can check."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from tests.architecture.conftest import Source
from tests.architecture.test_layer_rules import handlers

LONGEST_FILE = 400
LONG_FILES = {
    "libs/common/src/accunode_common/migrations/versions/0001_the_complete_schema.py": "generated: the whole schema",
}

READS_THE_ENVIRONMENT = {
    "libs/common/src/accunode_common/tabular/confined.py": "passes the places of programs on, and no settings",
    "libs/common/src/accunode_common/settings.py": "it is what reads settings",
    "services/auth/src/accunode_auth/admin.py": "a command",
}
"""Modules beside `main.py`, `cli.py` and `__main__.py` that may read the environment. The launcher may as well."""

REVOKES_TOKENS = {
    "libs/common/src/accunode_common/auth/revocation.py": {"record_revocations"},
    "libs/common/src/accunode_common/testing/plugin.py": {"make_void"},
    "libs/identity/src/accunode_identity/session_revocation.py": {"make_void"},
}
"""Who makes access tokens void, and by what: elsewhere, a token would slip through between the record and the reply."""
_REVOKING = frozenset({"make_void", "record_revocations"})

PICKLES = frozenset({"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"})


def service_code(sources: Sequence[Source]) -> list[Source]:
    return [source for source in sources if source.name.startswith("services/") and not source.is_test]


def test_no_file_is_long(sources: Sequence[Source]) -> None:
    long = {source.name: len(source.text.splitlines()) for source in sources if source.name not in LONG_FILES}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_the_exceptions_to_the_length_exist(sources: Sequence[Source]) -> None:
    assert set(LONG_FILES) <= {source.name for source in sources}


def test_only_settings_and_commands_read_the_environment(product_code: Sequence[Source]) -> None:
    readers = set()
    for source in product_code:
        if source.path.name in {"main.py", "cli.py", "__main__.py"}:
            continue
        if source.name.startswith(("libs/devstack/", "tools/", "infra/")):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}:
                readers.add(source.name)
    assert readers - set(READS_THE_ENVIRONMENT) == set()


def test_nothing_is_pickled(sources: Sequence[Source]) -> None:
    offenders = {source.name for source in sources if {name.split(".")[0] for name in source.imports()} & PICKLES}
    assert offenders == set()


_FOR_SERVICES = frozenset({"record", "add_task", "tell", "tell_address", "send"})
"""What leaves an audit event or a mail: a handler that did it would be passed over by the service's second caller."""


def test_handlers_leave_audit_events_and_mails_to_services(sources: Sequence[Source]) -> None:
    found = {source.name: calls for source in service_code(sources) if (calls := set(_left_by_handlers(source.tree)))}
    assert found == {}


def test_a_handler_that_leaves_an_audit_event_or_a_mail_is_found() -> None:
    tree = ast.parse(
        "@router.post('')\n"
        "async def create_user(db, trail, tasks):\n"
        "    await trail.record(db, 'user.create', 'user')\n"
        "    tasks.add_task(mailer.send, mail)\n"
        "async def helper(trail):\n"
        "    await trail.record(None, 'a', 'b')\n"
    )
    assert set(_left_by_handlers(tree)) == {"create_user: .record()", "create_user: .add_task()"}


def _left_by_handlers(tree: ast.Module) -> Iterator[str]:
    for handler in handlers(tree):
        for node in ast.walk(handler):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in _FOR_SERVICES:
                yield f"{handler.name}: .{called.attr}()"


def test_only_session_revocation_makes_tokens_void(product_code: Sequence[Source]) -> None:
    found = {source.name: used for source in product_code if (used := _REVOKING & set(_attributes(source.tree)))}
    assert found == REVOKES_TOKENS


def test_a_service_that_makes_tokens_void_by_itself_is_found() -> None:
    tree = ast.parse("async def deactivate(db, app):\n    await app.revocations.make_void(db, 'user', [])")
    assert _REVOKING & set(_attributes(tree)) == {"make_void"}


SETS_THE_CONTEXT = {"libs/common/src/accunode_common/db/session.py"}
_SETTING = frozenset({"set_context", "set_context_sync"})
"""What says for whom a transaction runs: it begins so, and `acting_as` comes back to it."""


def test_a_transaction_changes_its_context_by_acting_as_alone(product_code: Sequence[Source]) -> None:
    assert {source.name for source in product_code if _SETTING & set(_names(source.tree))} == SETS_THE_CONTEXT


@pytest.mark.parametrize(
    "text",
    [
        "from accunode_common.db.session import set_context",
        "async def leave(db, context):\n    await session.set_context(db, context)",
        "def begin(db, context):\n    set_context_sync(db, context)",
    ],
)
def test_code_that_changes_the_context_by_itself_is_found(text: str) -> None:
    assert _SETTING & set(_names(ast.parse(text)))


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name that is used or imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def _attributes(tree: ast.AST) -> Iterator[str]:
    return (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def test_no_code_compares_roles(product_code: Sequence[Source]) -> None:
    """Permissions decide, not roles: a comparison would be a rule that the permission table does not show."""
    offenders = set()
    for source in product_code:
        if source.name.startswith(("libs/devstack/", "libs/common/src/accunode_common/testing/")):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Compare) and _is_about_the_callers_role([node.left, *node.comparators]):
                offenders.add(f"{source.name}:{node.lineno}")
    assert offenders == set()


def _is_about_the_callers_role(sides: Sequence[ast.expr]) -> bool:
    return any(
        isinstance(side, ast.Attribute)
        and side.attr == "role"
        and _name(side.value) in {"subject", "_subject", "caller"}
        for side in sides
    )


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def test_scoring_imports_numpy_and_nothing_else(sources: Sequence[Source]) -> None:
    import sys

    allowed = {*sys.stdlib_module_names, "numpy", "accunode_scoring"}
    offenders = {
        f"{source.name}: {name}"
        for source in sources
        if source.name.startswith("libs/scoring/src/")
        for name in source.imports()
        if name.split(".")[0] not in allowed
    }
    assert offenders == set()


TRAINING_TOOLS = frozenset({"sklearn", "lightgbm", "scipy", "optuna", "matplotlib", "pandas", "shap", "statsmodels"})


def test_training_tools_stay_in_training(product_code: Sequence[Source]) -> None:
    # The simulation of scaling draws charts, too; what it belongs to is never deployed.
    elsewhere = ("workers/ml/src/accunode_ml/training/", "tools/", "infra/cli/src/accunode_infra/simulation/chart.py")
    offenders = set()
    for source in product_code:
        if source.name.startswith(elsewhere):
            continue
        for name in source.imports():
            if name.split(".")[0] in TRAINING_TOOLS or name.startswith("accunode_ml.training"):
                offenders.add(f"{source.name}: {name}")
    assert offenders == set()


@pytest.mark.parametrize("word", ["print", "breakpoint"])
def test_nothing_is_printed(product_code: Sequence[Source], word: str) -> None:
    offenders = {
        source.name
        for source in product_code
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == word
    }
    assert offenders == set()
