"""The pages about AWS name alarms, commands, files and tests that exist, and answer every line of the requirements."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.architecture.conftest import ROOT, Source

from accunode_infra.cli import app
from accunode_infra.diagram import flowchart
from accunode_infra.templates import CLOUDFORMATION, load

DOCS = ROOT / "docs"
RUNBOOKS = DOCS / "runbooks"
PAGES = [
    DOCS / "deploy.md",
    DOCS / "aws-diagram.md",
    DOCS / "aws-requirements.md",
    DOCS / "guides" / "availability.md",
    *sorted(RUNBOOKS.glob("*.md")),
    *(DOCS / "guides" / f"{name}.md" for name in ("cost", "releases", "scaling-simulation")),
]
REQUIREMENTS = 183
ROOT_COMMAND: Any = typer.main.get_command(app)
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| (done|partly|not shown|no) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)::(test_\w+)`")
ALARM = re.compile(r"`(accunode-ENV-[A-Za-z0-9-]+)`")


def alarm_properties() -> list[dict[str, Any]]:
    """The properties of all alarms, those of a service once."""
    return [
        body["Properties"]
        for file in sorted((CLOUDFORMATION / "templates").glob("*.yaml"))
        for body in load(file.stem)["Resources"].values()
        if body["Type"] == "AWS::CloudWatch::Alarm"
    ]


def alarms() -> list[str]:
    """The names of all alarms."""
    names = [properties["AlarmName"]["Fn::Sub"] for properties in alarm_properties()]
    return [name.replace("${Environment}", "ENV").replace("${ServiceName}", "SERVICE") for name in names]


def test_every_alarm_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(alarms()).items() if count > 1] == []


def test_every_alarm_is_in_a_runbook_and_every_runbooks_alarm_exists() -> None:
    named = {
        name
        for page in RUNBOOKS.glob("*.md")
        for line in page.read_text().splitlines()
        if line.startswith("| `accunode-ENV")
        for name in ALARM.findall(line)
    }
    assert named == set(alarms())


def test_the_alarms_that_name_a_page_name_one_that_is_there() -> None:
    said = [
        page
        for properties in alarm_properties()
        for page in re.findall(r"docs/[\w/-]+\.md", str(properties.get("AlarmDescription")))
    ]
    assert [page for page in said if not (ROOT / page).is_file()] == []


def test_the_diagram_is_what_the_templates_make() -> None:
    (shown,) = re.findall(r"```mermaid\n(.*?)```", (DOCS / "aws-diagram.md").read_text(), re.DOTALL)
    assert shown == flowchart(), "make it again: accunode-infra diagram"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_links_to_what_is_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def commands_of(page: Path) -> list[tuple[Any, list[str]]]:
    """The commands that a page names, each with the words that follow it."""
    found = []
    for words in re.findall(r"accunode-infra ([a-z][^`\n#|;)]*)", page.read_text()):
        command, rest = ROOT_COMMAND, words.split()
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        found.append((command, rest))
    return found


def options(command: Any) -> set[str]:
    """What a command may be given."""
    return {"--help"} | {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def test_every_command_and_option_that_a_page_names_exists() -> None:
    found = [(page.name, *each) for page in PAGES for each in commands_of(page)]
    assert len(found) > 60
    assert [(page, words) for page, command, words in found if command is ROOT_COMMAND] == []
    assert [
        (page, command.name, option)
        for page, command, words in found
        for option in re.findall(r"--[a-z-]+", " ".join(words))
        if option not in options(command) | options(ROOT_COMMAND)
    ] == []


def test_the_installation_that_the_page_names_brings_what_the_command_needs() -> None:
    (target,) = re.findall(r"make \.venv/\.(\w+) && alias accunode-infra", (DOCS / "deploy.md").read_text())
    installed = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / f"{target}.txt").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "infra" / "cli" / "pyproject.toml").read_text())["project"]
    needed = {name for name in project["dependencies"] if not name.startswith("accunode-")}
    assert sorted(needed - installed) == []


def test_every_requirement_has_one_answer() -> None:
    rows = ROW.findall((DOCS / "aws-requirements.md").read_text())
    assert [int(number) for number, *_ in rows] == list(range(1, REQUIREMENTS + 1))


def test_what_is_done_names_its_test_or_its_page() -> None:
    rows = ROW.findall((DOCS / "aws-requirements.md").read_text())
    assert [
        number for number, _, state, why in rows if state == "done" and not NAMED.search(why) and "](" not in why
    ] == []


def test_every_test_that_an_answer_names_exists(sources: Sequence[Source]) -> None:
    tests = {
        (source.path.stem, node.name)
        for source in sources
        if source.path.name.startswith("test_")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    named = set(NAMED.findall((DOCS / "aws-requirements.md").read_text()))
    assert len(named) > 60
    assert sorted(named - tests) == []
