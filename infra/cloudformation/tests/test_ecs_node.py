"""The first boot of a node, in a container: what only AWS has is a stand-in on the path, and the rest is real."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import docker
import pytest
import trustme
from infra.cloudformation.tests.conftest import CLOUDFORMATION, Program

from accunode_devstack.surroundings import why_no_images, without_containers

SCRIPT = CLOUDFORMATION / "scripts" / "ecs-node.sh"
IMAGE = "debian:bookworm-slim"
VALUES = {
    "CLUSTER": "accunode-production-cluster",
    "REGION": "us-east-1",
    "STACK": "accunode-production-compute",
    "RESOURCE": "ApiGroup",
    "CA_BUNDLE": "https://truststore.example/us-east-1-bundle.pem",
}

STAND_INS = r"""
stand_in() { printf '#!/bin/bash\n%s\n' "$2" >"$1"; chmod 755 "$1"; }
stand_in /usr/local/bin/systemctl 'echo "systemctl $*" >>/tmp/said'
stand_in /usr/local/bin/sleep 'echo "sleep $*" >>/tmp/said'
stand_in /usr/local/bin/curl '
echo "curl $*" >>/tmp/said
[ "$(grep -c "^curl" /tmp/said)" -gt "$FAILURES" ] || exit 22
while [ "$1" != --output ]; do shift; done
printf %s "$BUNDLE" >"$2"'
signal='echo "signal $2 $*" >>/tmp/said'
if [ "$BOOTSTRAP" = there ]; then mkdir -p /opt/aws/bin; stand_in /opt/aws/bin/cfn-signal "$signal"; fi
stand_in /usr/local/bin/dnf '
echo "dnf $*" >>/tmp/said
mkdir -p /opt/aws/bin
cp /tmp/signal /opt/aws/bin/cfn-signal'
stand_in /tmp/signal "$signal"
touch /tmp/said
bash -c "$SCRIPT" >&2
code=$?
echo "$code"
cat /tmp/said
for file in /etc/ecs/ecs.config /etc/systemd/system/accunode-metadata.service /etc/accunode/rds-ca.pem; do
  echo "== $file $(stat -c %a "$file" 2>/dev/null)"
  cat "$file" 2>/dev/null
done
exit 0
"""


@dataclass(frozen=True)
class Booted:
    """What a boot left behind: its exit code, the commands that stand-ins were given, and files by name."""

    code: int
    said: list[str]
    files: dict[str, str]
    modes: dict[str, str]

    @property
    def signals(self) -> list[str]:
        """The exit codes that CloudFormation was told."""
        return [line.split()[1] for line in self.said if line.startswith("signal")]


Boot = Callable[..., Booted]


@pytest.fixture
def boot() -> Boot:
    """Runs the script as a node would: `boot(bundle)`; `failures` of the downloads come first."""
    if reason := why_no_images(IMAGE):
        without_containers(reason)

    def run(bundle: str, *, failures: int = 0, bootstrap: str = "there") -> Booted:
        environment = {
            **VALUES,
            "SCRIPT": SCRIPT.read_text(),
            "BUNDLE": bundle,
            "FAILURES": str(failures),
            "BOOTSTRAP": bootstrap,
        }
        with closing(docker.from_env(timeout=120)) as client:
            printed = client.containers.run(
                IMAGE, ["bash", "-c", STAND_INS], environment=environment, network_mode="none", remove=True
            )
        said, *files = printed.decode().split("\n== ")
        code, *lines = said.splitlines()
        heads = {part.partition("\n")[0]: part.partition("\n")[2] for part in files}
        names = {head.split()[0].rsplit("/", 1)[1]: head for head in heads}
        return Booted(
            int(code),
            lines,
            {name: heads[head] for name, head in names.items()},
            {name: head.partition(" ")[2] for name, head in names.items()},
        )

    return run


@pytest.fixture(scope="module")
def bundle() -> str:
    """Two certificates, as the bundle of a region has many."""
    return "".join(trustme.CA().cert_pem.bytes().decode() for _ in range(2))


def test_shellcheck_finds_nothing(program: Program) -> None:
    ended = program("shellcheck", "--severity", "style", *sorted((CLOUDFORMATION / "scripts").glob("*.sh")))
    assert (ended.stdout, ended.returncode) == ("", 0)


def test_a_node_joins_its_cluster_and_says_that_it_stands(boot: Boot, bundle: str) -> None:
    booted = boot(bundle)
    assert (booted.code, booted.signals) == (0, ["0"])
    assert booted.said[-1] == (
        "signal 0 --exit-code 0 --region us-east-1 --stack accunode-production-compute --resource ApiGroup"
    )
    settings = dict(line.split("=", 1) for line in booted.files["ecs.config"].split())
    assert settings["ECS_CLUSTER"] == "accunode-production-cluster"
    # What a task is scheduled into, how long a worker may finish, and what a Spot instance does before it goes.
    assert settings["ECS_RESERVED_MEMORY"] == "192"
    assert settings["ECS_CONTAINER_STOP_TIMEOUT"] == "900s"
    assert settings["ECS_ENABLE_SPOT_INSTANCE_DRAINING"] == "true"
    # Tasks have roles of their own, and write their logs as those.
    assert settings["ECS_ENABLE_TASK_IAM_ROLE"] == settings["ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE"] == "true"
    assert settings["ECS_AWSVPC_BLOCK_IMDS"] == settings["ECS_DISABLE_PRIVILEGED"] == "true"


def test_containers_read_the_certificates_of_the_database(boot: Boot, bundle: str) -> None:
    booted = boot(bundle)
    assert (booted.files["rds-ca.pem"].rstrip(), booted.modes["rds-ca.pem"]) == (bundle.rstrip(), "644")


def test_containers_are_cut_off_from_the_metadata_before_the_agent_starts_any(boot: Boot, bundle: str) -> None:
    booted = boot(bundle)
    unit = booted.files["accunode-metadata.service"]
    assert "Before=ecs.service" in unit
    assert "--insert DOCKER-USER --destination 169.254.169.254/32 --jump DROP" in unit
    asked = [line for line in booted.said if line.startswith("systemctl")]
    assert asked == [
        "systemctl daemon-reload",
        "systemctl enable accunode-metadata.service",
        # Waiting here for a unit that waits for the boot's end would never end.
        "systemctl start --no-block accunode-metadata.service",
    ]


def test_a_download_that_fails_is_tried_again_with_longer_pauses(boot: Boot, bundle: str) -> None:
    booted = boot(bundle, failures=3)
    assert (booted.code, booted.signals) == (0, ["0"])
    assert [line for line in booted.said if line.startswith("sleep")] == ["sleep 5", "sleep 10", "sleep 15"]


@pytest.mark.parametrize(
    "wrong", ["", "<html>Sign in</html>", "-----BEGIN CERTIFICATE-----\nMIIB"], ids=["nothing", "a page", "half of it"]
)
def test_a_bundle_that_is_none_fails_the_boot(boot: Boot, wrong: str) -> None:
    booted = boot(wrong)
    assert (booted.code, booted.signals) == (1, ["1"])
    assert booted.files["rds-ca.pem"] == ""


def test_a_node_without_a_way_out_says_that_it_failed(boot: Boot, bundle: str) -> None:
    booted = boot(bundle, failures=99)
    assert (booted.code != 0, booted.signals) == (True, ["1"])
    assert len([line for line in booted.said if line.startswith("curl")]) == 6


def test_a_node_installs_what_signals_when_its_image_lacks_it(boot: Boot, bundle: str) -> None:
    booted = boot(bundle, bootstrap="missing")
    assert (booted.code, booted.signals) == (0, ["0"])
    assert "dnf install --assumeyes --quiet aws-cfn-bootstrap" in booted.said
