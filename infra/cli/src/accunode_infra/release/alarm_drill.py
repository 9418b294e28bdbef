"""Fires alarms on purpose, to prove that somebody hears them, and puts them back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accunode_infra.release.alarms import scales
from accunode_infra.release.site import Site, pages

HEARD_LIMIT = timedelta(minutes=2)


@dataclass(frozen=True)
class FiredAlarm:
    """An alarm that was fired.

    Attributes:
        name: The alarm.
        heard: Whether CloudWatch reports that every action went through.
        said: What CloudWatch reports of them, or why there is nothing.
    """

    name: str
    heard: bool
    said: str


def fire(site: Site, alarm: dict[str, Any]) -> FiredAlarm:
    """Fire one alarm, wait until CloudWatch reports on its actions, and put it back as it was.

    An alarm that scales is left alone: it would start or stop copies.
    """
    name = alarm["AlarmName"]
    if scales(alarm):
        return FiredAlarm(name, heard=True, said="scales, and is not fired")
    if not alarm.get("AlarmActions"):
        return FiredAlarm(name, heard=False, said="has no action: nobody would hear it")
    cloudwatch = site.client("cloudwatch")
    began = site.clock.now() - timedelta(seconds=5)
    reason = f"A test by {site.who}: nothing is wrong."
    try:
        if alarm["StateValue"] == "ALARM":  # only a change of state acts
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason=reason)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)
        said = site.until(lambda: _reported(site, name, began, len(alarm["AlarmActions"])), limit=HEARD_LIMIT)
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=alarm["StateValue"], StateReason=reason)
    if said is None:
        return FiredAlarm(name, heard=False, said="CloudWatch reports no action")
    return FiredAlarm(name, heard=all("Successfully" in each for each in said), said="; ".join(said))


def _reported(site: Site, name: str, since: datetime, actions: int) -> list[str] | None:
    history = pages(
        site.client("cloudwatch"),
        "describe_alarm_history",
        "AlarmHistoryItems",
        AlarmName=name,
        HistoryItemType="Action",
        StartDate=since,
        EndDate=site.clock.now() + timedelta(minutes=5),
    )
    said = [each["HistorySummary"] for each in history]
    return said if len(said) >= actions else None
