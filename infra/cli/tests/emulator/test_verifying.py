"""The success criteria in an account that the command line has set up, and in the same with something wrong in it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from infra.cli.tests.emulator.server import KEYS, REGION, Emulator, serving
from infra.cli.tests.emulator.stage import certificate
from typer.testing import CliRunner

from accunode_infra.aws import Session
from accunode_infra.cli import app
from accunode_infra.output import Output
from accunode_infra.release.site import Site
from accunode_infra.secrets.store import NEEDED
from accunode_infra.verify import PHASES
from accunode_infra.verify.model import Found, Outcome, run

STACKS = (
    "bootstrap",
    "network",
    "registry",
    "observability",
    "data",
    "cache",
    "storage",
    "edge",
    "compute",
    "dashboards",
    "cost",
)


@pytest.fixture(scope="module")
def account() -> Iterator[Emulator]:
    """An account with what needs no image. Tests put back what they break."""
    with serving() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", running.url)
        patch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
        patch.setenv("AWS_REGION", REGION)
        patch.setenv("ACCUNODE_POLL_SECONDS", "0")
        for reader, name in NEEDED:
            running.client("ssm").put_parameter(
                Name=f"/accunode/production/{reader}/{name}", Value="drawn-and-long-enough", Type="SecureString"
            )
        settings = {
            "observability": ["AlertEmail=alerts@example.com"],
            "edge": [f"CertificateArn={certificate(running)}", "DomainName=api.example.com"],
        }
        for stack in STACKS:
            chosen = [word for each in settings.get(stack, []) for word in ("--set", f"{stack}.{each}")]
            made = CliRunner().invoke(app, ["deploy", stack, "--yes", "--json", *chosen])
            assert made.exit_code == 0, made.stdout + made.stderr
        # Moto takes the bucket's encryption and does not tell it; AWS encrypts every bucket.
        bucket = running.engine.exports()["accunode-production-ObjectsBucket"]
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        running.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        yield running


@pytest.fixture
def site(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name, value in {
        "AWS_ENDPOINT_URL": account.url,
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        "AWS_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    return Site(Session(), "production", Output(json=True))


@pytest.fixture
def export(account: Emulator) -> Callable[[str], str]:
    return lambda name: account.engine.exports()[f"accunode-production-{name}"]


def criterion(site: Site, phase: int, says: str) -> Found:
    (check,) = [check for check in PHASES[phase] if check.says == says]
    return run(site, [check])[0]


def test_every_criterion_of_phase_1_is_met_and_tells_what_it_saw(site: Site) -> None:
    result = CliRunner().invoke(app, ["verify", "--phase", "1", "--json"])
    assert result.exit_code == 0, result.stdout
    checks = json.loads(result.stdout)["checks"]
    assert [check["outcome"] for check in checks] == ["pass"] * len(PHASES[1])
    subnets = "\n".join(checks[0]["evidence"])
    assert "10.0.1.0/24 (us-east-1a), 10.0.2.0/24 (us-east-1b)" in subnets
    assert "nowhere outside" in subnets


def test_people_get_a_table_of_criteria(site: Site) -> None:
    result = CliRunner().invoke(app, ["verify", "--phase", "1"])
    assert "Phase 1: AWS setup" in result.stdout
    assert "VPC with proper subnets" in result.stdout


def test_phase_2_is_met_but_for_what_only_a_look_from_inside_tells(site: Site) -> None:
    found = {each.says: each.outcome for each in run(site, PHASES[2])}
    assert found.pop("Database connectivity validated") is Outcome.UNKNOWN
    assert set(found.values()) == {Outcome.PASS}


def test_what_cannot_be_told_is_no_failure(site: Site) -> None:
    assert CliRunner().invoke(app, ["verify", "--phase", "2", "--json"]).exit_code == 0


@contextmanager
def open_port(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    where = {"GroupId": export("ApiSecurityGroup"), "IpPermissions": [rule]}
    account.client("ec2").authorize_security_group_ingress(**where)
    yield
    account.client("ec2").revoke_security_group_ingress(**where)


@contextmanager
def database_from_anywhere_inside(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    where = {"GroupId": export("DatabaseSecurityGroup"), "IpPermissions": [rule]}
    account.client("ec2").authorize_security_group_ingress(**where)
    yield
    account.client("ec2").revoke_security_group_ingress(**where)


@contextmanager
def data_on_the_internet(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    ec2 = account.client("ec2")
    subnet = export("DataSubnets").split(",")[0]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    table = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    gateway = ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_route(**route, GatewayId=gateway)
    yield
    ec2.delete_route(**route)


@contextmanager
def unbounded_role(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    iam = account.client("iam")
    iam.create_role(RoleName="accunode-production-mine", AssumeRolePolicyDocument="{}")
    yield
    iam.delete_role(RoleName="accunode-production-mine")


@contextmanager
def lost_secret(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    ssm = account.client("ssm")
    ssm.delete_parameter(Name="/accunode/production/auth/signing-keys")
    yield
    ssm.put_parameter(Name="/accunode/production/auth/signing-keys", Value="drawn", Type="SecureString")


@contextmanager
def public_database(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    rds = account.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=export("DatabaseInstance"), PubliclyAccessible=True)
    yield
    rds.modify_db_instance(DBInstanceIdentifier=export("DatabaseInstance"), PubliclyAccessible=False)


@contextmanager
def two_days_of_backups(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    rds = account.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=export("DatabaseInstance"), BackupRetentionPeriod=2)
    yield
    rds.modify_db_instance(DBInstanceIdentifier=export("DatabaseInstance"), BackupRetentionPeriod=7)


@contextmanager
def open_bucket(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    s3 = account.client("s3")
    closed = s3.get_public_access_block(Bucket=export("ObjectsBucket"))["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(
        Bucket=export("ObjectsBucket"), PublicAccessBlockConfiguration={**closed, "BlockPublicPolicy": False}
    )
    yield
    s3.put_public_access_block(Bucket=export("ObjectsBucket"), PublicAccessBlockConfiguration=closed)


@contextmanager
def no_dashboard(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    cloudwatch = account.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName="accunode-production-api")["DashboardBody"]
    cloudwatch.delete_dashboards(DashboardNames=["accunode-production-api"])
    yield
    cloudwatch.put_dashboard(DashboardName="accunode-production-api", DashboardBody=body)


@contextmanager
def ringing(account: Emulator, export: Callable[[str], str]) -> Iterator[None]:
    state = {"AlarmName": "accunode-production-database-cpu", "StateReason": "a test"}
    account.client("cloudwatch").set_alarm_state(**state, StateValue="ALARM")
    yield
    account.client("cloudwatch").set_alarm_state(**state, StateValue="OK")


@pytest.mark.parametrize(
    ("wrong", "phase", "says", "told"),
    [
        (open_port, 1, "Security groups configured", "open to the world on 22"),
        (database_from_anywhere_inside, 1, "Security groups configured", "database: port 5432"),
        (data_on_the_internet, 1, "VPC with proper subnets", "leads to igw-"),
        (unbounded_role, 1, "IAM roles ready", "accunode-production-mine is held by no boundary"),
        (lost_secret, 1, "Parameter Store ready", "missing: /accunode/production/auth/signing-keys"),
        (public_database, 2, "RDS accessible from the VPC, and from nowhere else", "publicly accessible: True"),
        (two_days_of_backups, 2, "RDS is backed up", "backups are kept 2 days"),
        (open_bucket, 2, "Bucket of uploads and exports ready", "is closed to the public: False"),
        (no_dashboard, 5, "Dashboards operational", "there is no dashboard of api"),
        (ringing, 5, "Production-ready: nothing rings", "ringing: accunode-production-database-cpu"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_fails_its_criterion_with_evidence_and_what_was_put_right_meets_it(
    site: Site, account: Emulator, export: Callable[[str], str], wrong: Any, phase: int, says: str, told: str
) -> None:
    with wrong(account, export):
        found = criterion(site, phase, says)
        assert found.outcome is Outcome.FAIL
        assert told in "\n".join(found.evidence)
    assert criterion(site, phase, says).outcome is Outcome.PASS


@pytest.mark.parametrize(("tls", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_connectivity_rests_on_the_newest_look_from_inside(
    site: Site, account: Emulator, tls: bool, outcome: Outcome
) -> None:
    logs = account.client("logs")
    where = {"logGroupName": "/accunode/production/migrate", "logStreamName": f"look-{tls}"}
    logs.create_log_stream(**where)
    look = {name: {"reached": True, "tls": tls, "milliseconds": 3} for name in ("postgresql", "redis")}
    now = int(site.clock.now().timestamp() * 1000)
    logs.put_log_events(**where, logEvents=[{"timestamp": now, "message": json.dumps(look)}])
    assert criterion(site, 2, "Database connectivity validated").outcome is outcome
    logs.delete_log_stream(**where)


def test_the_queues_length_must_have_been_published_within_five_minutes(site: Site, account: Emulator) -> None:
    assert criterion(site, 4, "Queue length published").outcome is Outcome.FAIL
    account.client("cloudwatch").put_metric_data(
        Namespace="AccuNode",
        MetricData=[
            {"MetricName": "QueueLength", "Value": 0, "Dimensions": [{"Name": "Environment", "Value": "production"}]}
        ],
    )
    assert criterion(site, 4, "Queue length published").outcome is Outcome.PASS


@pytest.mark.parametrize(("status", "outcome"), [(401, Outcome.PASS), (502, Outcome.FAIL), (200, Outcome.FAIL)])
def test_the_api_answers_as_to_somebody_who_has_not_signed_in(site: Site, status: int, outcome: Outcome) -> None:
    site.ask = lambda url, _: httpx.Response(200 if url.endswith("/.well-known/jwks.json") else status)
    assert criterion(site, 3, "API responding on the load balancer").outcome is outcome


def test_an_api_that_cannot_be_reached_fails_with_the_reason(site: Site) -> None:
    def away(url: str, headers: dict[str, str]) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    site.ask = away
    found = criterion(site, 3, "API responding on the load balancer")
    assert found.outcome is Outcome.FAIL
    assert "does not answer at https://api.example.com" in found.evidence[0]
    assert "connection refused" in found.evidence[0]


def test_a_certificate_that_was_not_issued_fails_phase_4(
    site: Site, account: Emulator, export: Callable[[str], str]
) -> None:
    elb = account.client("elbv2")
    listener = export("HttpsListenerArn")
    held = elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["Certificates"]
    asked = account.client("acm").request_certificate(DomainName="new.example.com")["CertificateArn"]
    elb.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": asked}])
    found = criterion(site, 4, "SSL certificates active")
    elb.modify_listener(ListenerArn=listener, Certificates=held)
    assert found.outcome is Outcome.FAIL
    assert "the certificate of new.example.com is PENDING_VALIDATION" in found.evidence[0]


def test_a_stack_that_is_not_deployed_or_not_protected_is_named(site: Site) -> None:
    found = criterion(site, 5, "Production-ready: every stack stands and is protected")
    assert found.outcome is Outcome.FAIL
    assert "accunode-production-worker is not deployed" in found.evidence
    assert "accunode-production-network is not deployed" not in found.evidence


def test_phase_5_tells_of_the_budget_and_of_who_is_told(site: Site) -> None:
    budget = criterion(site, 5, "Production-ready: spending is watched")
    assert (budget.outcome, "monthly" in budget.evidence[0]) == (Outcome.PASS, True)
    assert criterion(site, 5, "Alerts configured").outcome is Outcome.PASS
