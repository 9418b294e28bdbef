"""What watching costs: alarms by the metrics they watch, metric filters, logs, dashboards, and the one function."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accunode_infra.cost.model import Category, Context, Pricer, Resource, Use
from accunode_infra.cost.prices import decimal

MINUTES_A_MONTH = 60


def alarm(resource: Resource, _: Context) -> Iterable[Use]:
    """An alarm is billed by each metric that it evaluates."""
    watched = [query for query in resource.properties.get("Metrics", []) if "MetricStat" in query]
    yield Use("cloudwatch.alarm", Decimal(max(len(watched), 1)), "metrics watched by alarms", Category.MONITORING)


def composite(_: Resource, __: Context) -> Iterable[Use]:
    """An alarm of alarms."""
    yield Use("cloudwatch.composite", Decimal(1), "composite alarms", Category.MONITORING)


def dashboard(_: Resource, __: Context) -> Iterable[Use]:
    """A dashboard."""
    yield Use("cloudwatch.dashboard", Decimal(1), "dashboards", Category.MONITORING)


def metric_filter(resource: Resource, context: Context) -> Iterable[Use]:
    """Each metric that a filter makes of a log is a custom metric, for the hours in which a line matches.

    With a default value it gets one for every line, and is billed all the time.
    """
    made = resource.properties["MetricTransformations"]
    always = sum(1 for metric in made if "DefaultValue" in metric)
    quantity = always + (len(made) - always) * context.usage["error_hours"]
    yield Use("cloudwatch.metric", quantity, "metrics made from logs", Category.MONITORING)


def log_group(resource: Resource, context: Context) -> Iterable[Use]:
    """A log group: its share of what is logged, and what is kept of it."""
    name = resource.properties.get("LogGroupName")
    flow = _flow_log(resource, context)
    if flow is not None:
        written = context.usage["flow_reject_gb" if flow.properties["TrafficType"] == "REJECT" else "flow_log_gb"]
    else:
        written = context.usage["log_gb"] * context.usage.share(str(name))
    months = decimal(resource.properties.get("RetentionInDays", 3650)) / 30
    kept = written * months * context.usage["log_compression"]
    yield Use("logs.ingest", written, "logs written", Category.MONITORING)
    yield Use("logs.store", kept, "logs kept", Category.MONITORING)


def _flow_log(group: Resource, context: Context) -> Resource | None:
    for flow in context.of_type("AWS::EC2::FlowLog"):
        named = flow.properties.get("LogGroupName") or flow.properties.get("LogDestination")
        if context.referred(flow, named) is group:
            return flow
    return None


def function(resource: Resource, context: Context) -> Iterable[Use]:
    """A function that runs once a minute."""
    properties = resource.properties
    runs = context.hours * MINUTES_A_MONTH
    memory = decimal(properties.get("MemorySize", 128)) / 1024
    processor = next(iter(properties.get("Architectures", [])), "x86_64")
    seconds = runs * context.usage["function_seconds"] * memory
    yield Use("lambda.requests", runs, "function runs", Category.MONITORING)
    yield Use(f"lambda.seconds.{processor}", seconds, "function memory", Category.MONITORING)


def schedule(_: Resource, context: Context) -> Iterable[Use]:
    """A schedule that fires once a minute."""
    yield Use("scheduler.runs", context.hours * MINUTES_A_MONTH, "schedules", Category.MONITORING)


def subscription(resource: Resource, context: Context) -> Iterable[Use]:
    """E-mail costs nothing at this rate, text messages do."""
    if resource.properties.get("Protocol") == "sms":
        yield Use("sns.sms", context.usage["sms"], "text messages", Category.MONITORING)


PRICERS: Mapping[str, Pricer] = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::CompositeAlarm": composite,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::Lambda::Function": function,
    "AWS::Logs::LogGroup": log_group,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::SNS::Subscription": subscription,
    "AWS::Scheduler::Schedule": schedule,
}
