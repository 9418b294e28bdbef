"""What in a module makes a statement or runs one: whatever it or a variable is named."""

import ast
from collections.abc import Iterator

STATEMENTS = frozenset(
    {"select", "insert", "update", "delete", "text", "func", "exists", "union", "union_all", "values"}
)
MAKERS = {
    "sqlalchemy": STATEMENTS,
    "psycopg": frozenset({"SQL"}),
    "accunode_common": frozenset({"paginate"}),
}
RUNNERS = frozenset({"execute", "executemany", "scalar", "scalars", "stream_scalars", "exec_driver_sql"})
OF_A_SESSION = frozenset(
    {
        *("add", "add_all", "delete", "merge", "flush", "refresh", "begin_nested", "run_sync"),
        *("get", "get_one", "stream"),
    }
)
"""What other things than sessions have, too."""
DATABASES = frozenset({"session", "connection", "cursor"})


def sql_uses(tree: ast.Module, *, allowed: frozenset[str] = frozenset()) -> Iterator[str]:
    """What a repository should do instead; nothing about the names that are allowed."""
    names = dict(_bound_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            package, _, made = _origin(node, names).partition(".")
            made = made.rpartition(".")[2]
            if made in MAKERS.get(package, frozenset()) - allowed:
                yield f"a repository should make this statement: {made}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called, receiver = node.func.attr, _last_name(node.func.value)
            if (called in RUNNERS and node.args) or (called in OF_A_SESSION - allowed and receiver in DATABASES):
                yield f"a repository should call {receiver}.{called}"


def used_names(tree: ast.Module) -> set[str]:
    """The dotted names of what a module imports and of what it uses of that."""
    names = dict(_bound_names(tree))
    used = {_origin(node, names) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    return used | set(names.values())


def _bound_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What each imported name stands for, by its dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _origin(used: ast.expr, names: dict[str, str]) -> str:
    """The dotted name of what is used, as far as it was imported; empty if it was not."""
    if isinstance(used, ast.Name):
        return names.get(used.id, "")
    if isinstance(used, ast.Attribute):
        inside = _origin(used.value, names)
        return f"{inside}.{used.attr}" if inside else ""
    return ""


def _last_name(node: ast.expr) -> str:
    """The name of a variable or an attribute; of a call's result, what was called."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    return node.id.lstrip("_") if isinstance(node, ast.Name) else ""
