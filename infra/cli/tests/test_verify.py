"""The success criteria against an account that moto's server keeps."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer
from typer.testing import Result

from accunode_infra.aws import Session
from accunode_infra.errors import RefusedError
from accunode_infra.output import Output
from accunode_infra.release.site import Site
from accunode_infra.secrets.store import NEEDED
from accunode_infra.verify import PHASES
from accunode_infra.verify.model import Check, Fact, Outcome, run, weigh
from accunode_infra.verify.phase1 import registry, secrets


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def site(server: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    requests.post(f"{server}/moto-api/reset", timeout=10)
    return Site(Session(), "production", Output(json=True))


def looking(*facts: Fact) -> Check:
    return Check("something", lambda _: facts)


def raising(error: Exception) -> Check:
    def look(_: Site) -> Iterator[Fact]:
        raise error
        yield

    return Check("something", look)


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "words"}}, "DescribeIt")


def test_one_fact_that_is_wrong_fails_a_criterion_and_is_all_that_is_told() -> None:
    found = weigh("something", [Fact(True, "one"), Fact(None, "two"), Fact(False, "three")])
    assert (found.outcome, found.evidence) == (Outcome.FAIL, ("three",))


def test_a_fact_that_cannot_be_told_leaves_a_criterion_open() -> None:
    found = weigh("something", [Fact(True, "one"), Fact(None, "two")])
    assert (found.outcome, found.evidence) == (Outcome.UNKNOWN, ("two",))


def test_a_criterion_that_is_met_tells_all_that_it_rests_on() -> None:
    found = weigh("something", [Fact(True, "one"), Fact(True, "two")])
    assert (found.outcome, found.evidence) == (Outcome.PASS, ("one", "two"))


def test_nothing_seen_is_no_pass() -> None:
    assert weigh("something", []).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (answered("AccessDenied"), Outcome.UNKNOWN),
        (answered("ThrottlingException"), Outcome.UNKNOWN),
        (answered("DBInstanceNotFound"), Outcome.FAIL),
        (answered("NoSuchEntity"), Outcome.FAIL),
        (RefusedError("the stack is not deployed"), Outcome.FAIL),
    ],
)
def test_what_is_missing_fails_and_what_aws_does_not_tell_is_left_open(
    site: Site, error: Exception, outcome: Outcome
) -> None:
    (found,) = run(site, [raising(error)])
    assert found.outcome is outcome
    assert found.evidence[0].endswith((".", "deployed"))


@pytest.mark.parametrize("phase", PHASES)
def test_in_an_empty_account_no_criterion_of_a_phase_is_met(site: Site, run: Callable[..., Result], phase: int) -> None:
    result = run("verify", "--phase", str(phase), "--json")
    assert result.exit_code == 4, result.output
    checks = json.loads(result.stdout)["checks"]
    assert [check["criterion"] for check in checks] == [check.says for check in PHASES[phase]]
    assert {check["outcome"] for check in checks} == {"fail"}


def test_every_phase_is_looked_at_unless_one_is_named(site: Site, run: Callable[..., Result]) -> None:
    found = json.loads(run("verify", "--json").stdout)
    assert {check["phase"] for check in found["checks"]} == {1, 2, 3, 4, 5}
    assert found["failed"] == len(found["checks"])


def test_without_credentials_it_is_refused_before_anything_is_looked_at(run: Callable[..., Result]) -> None:
    result = run("verify", "--phase", "1")
    assert result.exit_code == 3
    assert "No AWS credentials were found" in result.stderr


def test_a_look_from_inside_needs_nodes_to_run_on(site: Site, run: Callable[..., Result]) -> None:
    result = run("verify", "--phase", "2", "--inside")
    assert result.exit_code == 3
    assert "is not deployed" in result.stderr


def test_a_phase_that_does_not_exist_is_wrong_use(run: Callable[..., Result]) -> None:
    assert run("verify", "--phase", "6").exit_code == 2


def put(client: Any, names: list[str], **kind: str) -> None:
    for name in names:
        client.put_parameter(Name=name, Value="drawn", **kind)


def all_secrets() -> list[str]:
    return [f"/accunode/production/{reader}/{name}" for reader, name in NEEDED]


def test_secrets_are_ready_when_each_is_there_and_encrypted(site: Site) -> None:
    ssm = boto3.client("ssm", "us-east-1")
    names = all_secrets()
    put(ssm, names[1:], Type="SecureString")
    assert weigh("", list(secrets(site))).evidence == (f"missing: {names[0]}; run `accunode-infra secrets put`",)
    put(ssm, names[:1], Type="String")
    assert weigh("", list(secrets(site))).evidence == (f"not encrypted: {names[0]}",)
    ssm.delete_parameter(Name=names[0])
    put(ssm, names[:1], Type="SecureString")
    assert weigh("", list(secrets(site))).outcome is Outcome.PASS


def test_no_value_of_a_secret_is_asked_for(site: Site) -> None:
    put(boto3.client("ssm", "us-east-1"), all_secrets(), Type="SecureString")
    asked: list[str] = []
    site.session.events.register("before-call.ssm", lambda model, **_: asked.append(model.name))
    list(secrets(site))
    assert set(asked) == {"DescribeParameters"}


def test_a_repository_whose_tags_can_be_moved_fails_the_registry(site: Site) -> None:
    ecr = boto3.client("ecr", "us-east-1")
    for name in ("auth", "tenants", "predictions", "bulk-upload", "worker"):
        mutability = "MUTABLE" if name == "auth" else "IMMUTABLE"
        ecr.create_repository(
            repositoryName=f"accunode/{name}",
            imageTagMutability=mutability,
            imageScanningConfiguration={"scanOnPush": True},
        )
    found = weigh("", list(registry(site)))
    assert found.evidence == ("accunode/auth: tags can be moved, images are scanned",)
    ecr.put_image_tag_mutability(repositoryName="accunode/auth", imageTagMutability="IMMUTABLE")
    assert weigh("", list(registry(site))).outcome is Outcome.PASS
