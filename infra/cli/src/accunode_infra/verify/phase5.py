"""Phase 5, monitoring and production: dashboards, alerts that were tried, backups, budget, protection."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from accunode_infra.release.alarms import environment_alarms
from accunode_infra.release.site import Site, pages
from accunode_infra.stacks import STACKS, stack_name
from accunode_infra.verify.model import Check, Fact

TRIED_WITHIN = timedelta(days=90)
BACKED_UP_WITHIN = timedelta(hours=26)
KINDS = ("api", "workers", "data")
"""Those that every tier has; that of cost is a choice."""
PROTECTED = ("network", "data", "storage")
STANDING = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def dashboards(site: Site) -> Iterator[Fact]:
    """Each dashboard is there and shows something."""
    client = site.client("cloudwatch")
    prefix = f"accunode-{site.name}-"
    found = list(pages(client, "list_dashboards", "DashboardEntries", DashboardNamePrefix=prefix))
    for kind in KINDS:
        names = [each["DashboardName"] for each in found if kind in each["DashboardName"].removeprefix(prefix)]
        if not names:
            yield Fact(False, f"there is no dashboard of {kind}")
        for name in names:
            widgets = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"]).get("widgets", [])
            yield Fact(bool(widgets), f"{name} has {len(widgets)} widgets")


def alerts(site: Site) -> Iterator[Fact]:
    """Somebody is told: every alarm names the topic or a policy, and the topic has a confirmed subscriber."""
    topic = site.export("AlertTopicArn", of="observability")
    subscriptions = list(pages(site.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic))
    confirmed = [each for each in subscriptions if each["SubscriptionArn"].startswith("arn:")]
    yield Fact(bool(confirmed), f"{len(confirmed)} of {len(subscriptions)} subscribers of the topic have confirmed")
    alarms = environment_alarms(site)
    mute = [each["AlarmName"] for each in alarms if not (each["ActionsEnabled"] and each.get("AlarmActions"))]
    yield Fact(bool(alarms) and not mute, f"mute: {', '.join(mute)}" if mute else f"{len(alarms)} alarms act")


def tried(site: Site) -> Iterator[Fact]:
    """Every alarm that tells people has rung within a quarter of a year."""
    topic = site.export("AlertTopicArn", of="observability")
    client = site.client("cloudwatch")
    since = site.clock.now() - TRIED_WITHIN
    telling = [each["AlarmName"] for each in environment_alarms(site) if topic in each.get("AlarmActions", [])]
    silent = [name for name in telling if not _rang(client, name, since)]
    yield Fact(
        None if silent else bool(telling),
        f"{len(silent)} of {len(telling)} have not rung since {since:%F}: `accunode-infra alarms test` makes them"
        if silent
        else f"all {len(telling)} have rung since {since:%F}",
    )


def _rang(client: Any, name: str, since: Any) -> bool:
    history = pages(
        client,
        "describe_alarm_history",
        "AlarmHistoryItems",
        AlarmName=name,
        HistoryItemType="StateUpdate",
        StartDate=since,
    )
    return any("to ALARM" in item.get("HistorySummary", "") for item in history)


def stacks(site: Site) -> Iterator[Fact]:
    """Every stack stands, and those with data are protected against deletion."""
    found = {each["StackName"]: each for each in pages(site.client("cloudformation"), "describe_stacks", "Stacks")}
    for stack in STACKS:
        each = found.get(stack_name(stack, site.name))
        if each is None:
            yield Fact(False, f"{stack_name(stack, site.name)} is not deployed")
        elif each["StackStatus"] not in STANDING:
            yield Fact(False, f"{each['StackName']} is {each['StackStatus']}")
        elif stack.name in PROTECTED:
            protected = bool(each.get("EnableTerminationProtection"))
            yield Fact(protected, f"{each['StackName']} is {'' if protected else 'not '}protected against deletion")


def backups(site: Site) -> Iterator[Fact]:
    """There is a snapshot of the database of the last day."""
    name = site.export("DatabaseInstance", of="data")
    found = list(pages(site.client("rds"), "describe_db_snapshots", "DBSnapshots", DBInstanceIdentifier=name))
    taken = [each["SnapshotCreateTime"] for each in found if each.get("SnapshotCreateTime") is not None]
    newest = max(taken, default=None)
    fresh = newest is not None and site.clock.now() - newest < BACKED_UP_WITHIN
    yield Fact(
        fresh, f"the newest of {len(found)} snapshots is of {newest:%F %R}" if newest else "there is no snapshot"
    )


def budget(site: Site) -> Iterator[Fact]:
    """Spending is watched."""
    found = pages(site.client("budgets"), "describe_budgets", "Budgets", AccountId=site.session.account)
    ours = [each for each in found if each["BudgetName"].startswith(f"accunode-{site.name}")]
    for each in ours:
        limit = each.get("BudgetLimit", {})
        yield Fact(True, f"{each['BudgetName']}: {limit.get('Amount')} {limit.get('Unit')}, {each['TimeUnit'].lower()}")
    if not ours:
        yield Fact(False, f"no budget begins with accunode-{site.name}")


def quiet(site: Site) -> Iterator[Fact]:
    """No alarm that tells people rings; those that scale come and go."""
    topic = site.export("AlertTopicArn", of="observability")
    telling = [each for each in environment_alarms(site) if topic in each.get("AlarmActions", [])]
    ringing = [each["AlarmName"] for each in telling if each["StateValue"] == "ALARM"]
    yield Fact(not ringing, f"ringing: {', '.join(ringing)}" if ringing else "none rings")


CHECKS = (
    Check("Dashboards operational", dashboards),
    Check("Alerts configured", alerts),
    Check("Alerts tested", tried),
    Check("Production-ready: every stack stands and is protected", stacks),
    Check("Production-ready: backed up within the last day", backups),
    Check("Production-ready: spending is watched", budget),
    Check("Production-ready: nothing rings", quiet),
)
