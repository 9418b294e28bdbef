"""Types that watch, tell and count."""

from infra.cli.tests.emulator.kinds import Made, Place, Properties, call, kind, noted, simple


@kind("AWS::Logs::LogGroup", replaces="LogGroupName")
class LogGroup:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("LogGroupName", place.generated())
        place.client("logs").create_log_group(logGroupName=name)
        made = Made(name, {"Arn": place.arn("logs", f"log-group:{name}:*")}, properties)
        LogGroup.update(place, made, properties)
        return made

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        if "RetentionInDays" in properties:
            place.client("logs").put_retention_policy(
                logGroupName=made.id, retentionInDays=int(properties["RetentionInDays"])
            )

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("logs").delete_log_group(logGroupName=made.id)


@kind("AWS::Logs::MetricFilter", replaces="LogGroupName FilterName")
class MetricFilter:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"FilterName": place.generated(), **properties}
        # Moto wants exactly one, without what CloudFormation may add.
        call(place, "logs", "put_metric_filter", given)
        return Made(given["FilterName"], {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        call(place, "logs", "put_metric_filter", {**properties, "FilterName": made.id})

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("logs").delete_metric_filter(logGroupName=made.properties["LogGroupName"], filterName=made.id)


@kind("AWS::CloudWatch::Alarm", replaces="AlarmName")
class Alarm:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"AlarmName": place.generated(255), **properties}
        call(place, "cloudwatch", "put_metric_alarm", given)
        return Made(given["AlarmName"], {"Arn": place.arn("cloudwatch", f"alarm:{given['AlarmName']}")}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        call(place, "cloudwatch", "put_metric_alarm", {**properties, "AlarmName": made.id})

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("cloudwatch").delete_alarms(AlarmNames=[made.id])


@kind("AWS::CloudWatch::Dashboard", replaces="DashboardName")
class Dashboard:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"DashboardName": place.generated(), **properties}
        call(place, "cloudwatch", "put_dashboard", given)
        return Made(given["DashboardName"], {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        call(place, "cloudwatch", "put_dashboard", {**properties, "DashboardName": made.id})

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("cloudwatch").delete_dashboards(DashboardNames=[made.id])


@kind("AWS::SNS::Topic", replaces="TopicName")
class Topic:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        name = properties.get("TopicName", place.generated())
        client = place.client("sns")
        arn = client.create_topic(Name=name, Tags=properties.get("Tags", []))["TopicArn"]
        for each in properties.get("Subscription", []):
            client.subscribe(TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        return Made(arn, {"TopicArn": arn, "TopicName": name}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("sns").delete_topic(TopicArn=made.id)


simple("AWS::SNS::Subscription", "sns", "subscribe", "SubscriptionArn", delete="unsubscribe", key="SubscriptionArn",
       replaces="TopicArn Protocol Endpoint")  # fmt: skip
noted("AWS::SNS::TopicPolicy", "sns:policy/NAME")
noted("AWS::Logs::QueryDefinition", "logs:query-definition:NAME", attributes=("QueryDefinitionId",))
noted("AWS::CloudWatch::CompositeAlarm", "cloudwatch:alarm:NAME", attributes=("Arn",))
noted("AWS::CloudWatch::AnomalyDetector", "cloudwatch:detector:NAME")
noted("AWS::CE::AnomalyMonitor", "ce:anomalymonitor/NAME", attributes=("MonitorArn",))
noted("AWS::CE::AnomalySubscription", "ce:anomalysubscription/NAME", attributes=("SubscriptionArn",))


@kind("AWS::Budgets::Budget")
class Budget:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        budget = {"BudgetName": place.generated(100), **properties["Budget"]}
        given = {
            "AccountId": place.account,
            "Budget": budget,
            "NotificationsWithSubscribers": properties.get("NotificationsWithSubscribers", []),
        }
        call(place, "budgets", "create_budget", given)
        return Made(budget["BudgetName"], {}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("budgets").delete_budget(AccountId=place.account, BudgetName=made.id)


@kind("AWS::Events::Rule", replaces="Name")
class EventRule:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"Name": place.generated(64), **properties}
        arn = call(place, "events", "put_rule", given)["RuleArn"]
        targets = [{"Id": each["Id"], "Arn": each["Arn"]} for each in properties.get("Targets", [])]
        if targets:
            place.client("events").put_targets(Rule=given["Name"], Targets=targets)
        return Made(given["Name"], {"Arn": arn}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("events")
        ids = [each["Id"] for each in client.list_targets_by_rule(Rule=made.id)["Targets"]]
        if ids:
            client.remove_targets(Rule=made.id, Ids=ids)
        client.delete_rule(Name=made.id)
