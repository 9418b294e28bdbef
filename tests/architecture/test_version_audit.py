"""The audit of pinned versions says clean only when it looked every one up."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "audit.py"
CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 3


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("version_audit", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


def looked_up(name: str, *vulnerabilities: str) -> dict[str, Any]:
    faults = [{"id": fault, "fix_versions": ["9.0"], "aliases": []} for fault in vulnerabilities]
    return {"name": name, "version": "1.0", "vulns": faults}


UNKNOWN = {"name": "elsewhere", "skip_reason": "Dependency not found on an index at some.host.example"}
CASES = {
    "all clean": ([report(looked_up("a"), looked_up("b"))], CLEAN),
    "one vulnerable": ([report(looked_up("a"), looked_up("b", "CVE-1"))], VULNERABLE),
    "vulnerable, and others unknown": ([report(looked_up("b", "CVE-1"), UNKNOWN)], VULNERABLE),
    "some unknown": ([report(looked_up("a"), UNKNOWN)], NOT_CHECKED),
    "all unknown": ([report(UNKNOWN)], NOT_CHECKED),
    "no answer": ([""], NOT_CHECKED),
    "no answer to the second file": ([report(looked_up("a")), ""], NOT_CHECKED),
    "nothing pinned": ([report()], NOT_CHECKED),
}


@pytest.mark.parametrize(("reports", "code"), CASES.values(), ids=CASES)
def test_only_what_was_looked_up_counts_as_clean(audit: ModuleType, reports: list[str], code: int) -> None:
    ended, lines = audit.verdict(reports)
    assert ended == code
    assert lines
    assert "some.host.example" not in "".join(lines)
    assert ("b 1.0: CVE-1; mended in 9.0" in lines) == (code == VULNERABLE)


def test_every_file_of_pinned_requirements_is_looked_up(audit: ModuleType) -> None:
    root = TOOL.parents[1]
    pinned = {
        file
        for file in root.rglob("*.txt")
        if ".venv" not in file.parts and "--hash=sha256" in file.read_text(errors="replace")
    }
    assert set(audit.requirement_files()) == pinned
