"""What the linters say about every template; a suppression stands beside the resource, with its reason."""

import json
import re
from pathlib import Path

from infra.cloudformation.tests.conftest import CLOUDFORMATION, Program


def test_cfn_lint_finds_nothing(program: Program, template_files: list[Path]) -> None:
    ended = program("cfn-lint", "--regions", "us-east-1", "--format", "parseable", *template_files)
    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr


def test_checkov_finds_nothing_that_is_not_suppressed_with_a_reason(
    program: Program, template_files: list[Path]
) -> None:
    ended = program(
        "checkov", "--skip-download", "--quiet", "--framework", "cloudformation", "--output", "json", "-d", "templates"
    )
    report = json.loads(ended.stdout)
    assert report["summary"]["parsing_errors"] == 0
    failed = report["results"]["failed_checks"]
    assert [f"{each['file_path']} {each['resource']}: {each['check_id']} {each['check_name']}" for each in failed] == []
    assert report["summary"]["passed"] > 50


def test_every_suppression_gives_its_reason() -> None:
    for file in sorted((CLOUDFORMATION / "templates").glob("*.yaml")):
        text = file.read_text()
        suppressed = re.findall(r"\{id: (CKV\w+)([^}]*)\}", text)
        assert len(suppressed) == len(re.findall(r"CKV\w+", text)), f"{file.name}: write them as {{id: …, comment: …}}"
        for check, rest in suppressed:
            assert re.search(r'comment: "[^"]{20,}"', rest), f"{file.name}: {check} has no reason"
