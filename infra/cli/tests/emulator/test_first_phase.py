"""In an account with the first phase: what does not fit is refused, what changed by hand is named, logs are read."""

from collections.abc import Iterator

import pytest
from infra.cli.tests.emulator.conftest import Cli, aimed_at
from infra.cli.tests.emulator.server import Emulator, serving
from infra.cli.tests.emulator.stage import DOMAIN, certificate, stands


@pytest.fixture(scope="module")
def begun() -> Iterator[Emulator]:
    """One account for all tests here, as none changes its stacks."""
    with serving() as emulator:
        aimed_at(emulator)("deploy", "bootstrap", "network", "observability")
        yield emulator
        assert emulator.engine.faults == []


@pytest.fixture
def cli(begun: Emulator) -> Cli:
    """The command line, aimed at that account."""
    return aimed_at(begun)


def test_a_certificate_that_is_not_issued_is_refused(cli: Cli, begun: Emulator) -> None:
    asked = begun.client("acm").request_certificate(DomainName=DOMAIN, ValidationMethod="DNS")["CertificateArn"]
    edge = ["--set", f"edge.CertificateArn={asked}", "--set", f"edge.DomainName={DOMAIN}"]
    said = cli("deploy", "edge", *edge, code=3)
    assert "is PENDING_VALIDATION, not issued: add the record" in said["error"]
    assert "accunode-production-edge" not in stands(begun)


def test_a_certificate_for_another_name_is_refused(cli: Cli, begun: Emulator) -> None:
    other = certificate(begun, "other.example.com")
    edge = ["--set", f"edge.CertificateArn={other}", "--set", f"edge.DomainName={DOMAIN}"]
    assert "and the domain is api.example.com" in cli("deploy", "edge", *edge, code=3)["error"]
    assert "accunode-production-edge" not in stands(begun)


def test_a_hosted_zone_that_is_not_there_is_refused(cli: Cli, begun: Emulator) -> None:
    edge = ["--set", "edge.HostedZoneId=Z0123456789ABCDEFGHIJ", "--set", f"edge.DomainName={DOMAIN}"]
    assert "There is no hosted zone" in cli("deploy", "edge", *edge, code=3)["error"]
    assert "accunode-production-edge" not in stands(begun)


def test_a_change_by_hand_is_named(cli: Cli, begun: Emulator) -> None:
    assert cli("drift", "network")["stacks"] == {"accunode-production-network": []}
    begun.engine.drifted["accunode-production-network", "Vpc"] = [
        {
            "PropertyPath": "/EnableDnsSupport",
            "ExpectedValue": "true",
            "ActualValue": "false",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    said = cli("drift", code=4)
    begun.engine.drifted.clear()
    assert "Changed by hand: accunode-production-network: Vpc" in said["error"]


def test_logs_of_a_service_are_read(cli: Cli, begun: Emulator) -> None:
    assert cli("logs", "auth")["lines"] == []
    assert "There is no log of nothing" in cli("logs", "nothing", code=2)["error"]
