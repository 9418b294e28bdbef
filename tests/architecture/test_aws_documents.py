"""The pages about AWS name alarms that exist, and every alarm has one."""

import re
from collections import Counter
from typing import Any

from tests.architecture.conftest import ROOT

from accunode_infra.templates import CLOUDFORMATION, load

RUNBOOKS = ROOT / "docs" / "runbooks"
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
