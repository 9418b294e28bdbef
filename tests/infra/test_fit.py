"""What the templates set and what the product does by itself fit together, without a container."""

import pytest
from tests.infra.cloud import DOMAIN
from tests.infra.deployment import CERTIFICATE, listeners, resolved

from accunode_bulk_upload.settings import EventSettings
from accunode_common.routing import SERVICES
from accunode_common.serve import ServeSettings
from accunode_common.settings import HttpSettings
from accunode_infra.resolve import ACCOUNT

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/accunode/auth@sha256:{'0' * 64}"


def test_a_service_keeps_connections_longer_than_the_balancer() -> None:
    assert ServeSettings().keep_alive_seconds > listeners().idle_seconds


def test_what_is_silent_is_ended_or_speaks_before_the_balancer_cuts_it_off() -> None:
    assert listeners().idle_seconds > EventSettings.model_fields["silence_seconds"].default
    assert listeners().idle_seconds > HttpSettings().body_idle_seconds


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_copy_that_is_told_to_stop_has_the_time_that_it_takes(service: str) -> None:
    made = resolved(f"service-{service}", BlueImage=IMAGE)
    (container,) = made.resources["BlueTaskDefinition"].properties["ContainerDefinitions"]
    assert container["StopTimeout"] > ServeSettings().drain_seconds


def test_the_name_that_people_use_is_the_certificates_and_the_address_of_the_keys() -> None:
    edge = resolved("edge", DomainName=DOMAIN, CertificateArn=CERTIFICATE)
    url = edge.exports["accunode-production-PublicUrl"]
    predictions = resolved(
        "service-predictions", imports={"accunode-production-PublicUrl": url}, BlueImage=IMAGE
    ).resources["BlueTaskDefinition"]
    variables = {
        each["Name"]: each["Value"] for each in predictions.properties["ContainerDefinitions"][0]["Environment"]
    }
    assert variables["ACCUNODE_JWKS_URL"] == f"https://{DOMAIN}/.well-known/jwks.json"
