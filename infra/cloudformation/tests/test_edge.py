"""The load balancer: what it refuses, whom it forwards, and when it rings."""

import json
from typing import Any

import pytest
from infra.cloudformation.tests.alarms import TOPIC, alarm, reckoned, rule
from infra.cloudformation.tests.resolved import of

from accunode_bulk_upload.settings import EventSettings
from accunode_common.errors import NotFoundError
from accunode_common.http.problems import TYPE_PREFIX
from accunode_common.serve import ServeSettings
from accunode_common.settings import HttpSettings
from accunode_infra.errors import RefusedError
from accunode_infra.templates import load

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
ABOVE = "GreaterThanThreshold"


def attributes(**given: str) -> dict[str, Any]:
    balancer = of("edge", **given).resources["LoadBalancer"].properties
    return {each["Key"]: each["Value"] for each in balancer["LoadBalancerAttributes"]}


def test_port_80_sends_everybody_to_https_for_good() -> None:
    listener = of("edge").resources["HttpListener"].properties
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    (action,) = listener["DefaultActions"]
    assert action == {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }


def test_no_policy_that_can_be_chosen_speaks_less_than_tls_1_2() -> None:
    # Elastic Load Balancing's documentation, "Security policies": the TLS13 policies but 1-0 and 1-1 begin at 1.2.
    allowed = load("edge")["Parameters"]["TlsPolicy"]["AllowedValues"]
    assert all(name.startswith(("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-")) for name in allowed)
    listener = of("edge").resources["HttpsListener"].properties
    assert (listener["Port"], listener["Protocol"], listener["SslPolicy"] in allowed) == (443, "HTTPS", True)


def test_a_path_that_no_service_has_is_answered_as_the_product_answers_it() -> None:
    (action,) = of("edge").resources["HttpsListener"].properties["DefaultActions"]
    answer = action["FixedResponseConfig"]
    body = json.loads(answer["MessageBody"])
    assert (action["Type"], answer["StatusCode"], len(answer["MessageBody"]) <= 1024) == ("fixed-response", "404", True)
    assert body["type"] == TYPE_PREFIX + NotFoundError.code
    assert (body["title"], body["status"]) == (NotFoundError.title, NotFoundError.status)


def test_the_load_balancer_drops_what_is_no_header_and_cannot_be_deleted_by_mistake() -> None:
    found = attributes()
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert found["deletion_protection.enabled"] == "true"
    assert of("edge").resources["LoadBalancer"].properties["Scheme"] == "internet-facing"


def test_connections_are_kept_longer_by_the_services_than_by_the_load_balancer() -> None:
    """Otherwise it sends a request into a connection that is being closed, and answers 502."""
    idle = load("edge")["Parameters"]["IdleTimeoutSeconds"]
    kept = ServeSettings.model_fields["keep_alive_seconds"].default
    assert idle["Default"] <= idle["MaxValue"] < kept
    # Event streams say something, and stalled uploads are ended, before it cuts them.
    silence = EventSettings.model_fields["silence_seconds"].default
    assert idle["MinValue"] > max(silence, HttpSettings.model_fields["body_idle_seconds"].default)


def test_a_certificate_is_given_or_asked_for_and_one_of_both_must_be() -> None:
    asked = of("edge", CertificateArn="", HostedZoneId="Z0123456789")
    certificate = asked.resources["Certificate"].properties
    assert certificate["DomainValidationOptions"] == [
        {"DomainName": "accunode.example.com", "HostedZoneId": "Z0123456789"}
    ]
    assert asked.resources["HttpsListener"].properties["Certificates"] == [{"CertificateArn": {"Ref": "Certificate"}}]
    assert asked.resources["Alias"].properties["Name"] == "accunode.example.com"
    given = of("edge", CertificateArn=CERTIFICATE, HostedZoneId="")
    assert {"Certificate", "Alias"}.isdisjoint(given.resources)
    assert given.resources["HttpsListener"].properties["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    with pytest.raises(RefusedError, match="Give CertificateArn, or HostedZoneId"):
        of("edge", CertificateArn="", HostedZoneId="")


def test_people_are_sent_to_the_domain() -> None:
    assert of("edge").exports["accunode-production-PublicUrl"] == "https://accunode.example.com"


def test_access_logs_are_kept_when_asked_in_a_bucket_that_only_the_load_balancer_writes() -> None:
    assert attributes()["access_logs.s3.enabled"] == "false"
    assert "AccessLogBucket" not in of("edge").resources
    kept = of("edge", AccessLogs="true")
    # By way of the policy, whose reference is its bucket: a trial file is written as soon as logs are on.
    assert attributes(AccessLogs="true")["access_logs.s3.bucket"] == {"Ref": "AccessLogBucketPolicy"}
    assert kept.resources["AccessLogBucketPolicy"].properties["Bucket"] == {"Ref": "AccessLogBucket"}
    allowed, denied = kept.resources["AccessLogBucketPolicy"].properties["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_firewall_limits_each_address_and_lets_uploads_through() -> None:
    assert not of("edge").of_type("AWS::WAFv2::WebACL")
    (acl,) = of("edge", Firewall="true", RequestsPerFiveMinutes="900").of_type("AWS::WAFv2::WebACL")
    rules = {each["Name"]: each["Statement"] for each in acl.properties["Rules"]}
    assert rules["rate"]["RateBasedStatement"]["Limit"] == 900
    assert len({each["Priority"] for each in acl.properties["Rules"]}) == len(rules)
    common = rules["common"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert common == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # More than 500 ms on average, for five minutes.
        ("ResponseTimeAlarm", (ABOVE, 0.5, 60, 5, 5, "notBreaching")),
        ("ResponseTimeP95Alarm", (ABOVE, 0.5, 60, 5, 5, "notBreaching")),
        # More than 5 % of requests.
        ("ErrorRateAlarm", (ABOVE, 5, 60, 5, 5, "notBreaching")),
        ("RejectedConnectionAlarm", (ABOVE, 0, 60, 1, 1, "notBreaching")),
        ("LoadBalancerErrorAlarm", ("GreaterThanOrEqualToThreshold", 10, 60, 5, 3, "notBreaching")),
    ],
)
def test_alarms_ring_at_the_numbers_of_the_requirements_and_tell_people(name: str, expected: tuple[Any, ...]) -> None:
    found = alarm(of("edge"), name)
    assert rule(found) == expected
    assert found["AlarmActions"] == [TOPIC]


def test_the_response_time_alarms_read_the_average_and_the_95th_percentile() -> None:
    assert alarm(of("edge"), "ResponseTimeAlarm")["Statistic"] == "Average"
    assert alarm(of("edge"), "ResponseTimeP95Alarm")["ExtendedStatistic"] == "p95"


@pytest.mark.parametrize(
    ("requests", "target", "balancer", "percent"),
    [
        (1000, 50, None, 5),
        (1000, 60, 40, 10),
        (1000, None, None, 0),
        (20, 20, None, 100),
        (19, 19, None, 0),  # too few to say anything
        (0, None, None, 0),
    ],
)
def test_the_share_of_errors_counts_both_who_may_fail_and_nothing_with_few_requests(
    requests: float, target: float | None, balancer: float | None, percent: float
) -> None:
    found = alarm(of("edge"), "ErrorRateAlarm")
    assert reckoned(found, requests=requests, target=target, balancer=balancer) == percent
