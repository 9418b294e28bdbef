"""The first boot of the NAT instance, in a container; what only AWS has is a stand-in on the path."""

from contextlib import closing
from dataclasses import dataclass
from functools import cache

import docker
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.conftest import CLOUDFORMATION

from accunode_devstack.surroundings import why_no_images, without_containers

SCRIPT = CLOUDFORMATION / "scripts" / "nat-instance.sh"
IMAGE = "debian:bookworm-slim"
VALUES = {
    "STACK": "accunode-production-network",
    "REGION": "us-east-1",
    "ADDRESS": "eipalloc-1",
    "INTERFACE": "eni-fixed",
    "NETWORK": "10.0.0.0/16",
}
STAND_INS = r"""
stand_in() { printf '#!/bin/bash\n%s\n' "$2" >"$1"; chmod 755 "$1"; }
for name in dnf sysctl systemctl sleep; do stand_in "/usr/local/bin/$name" "echo \"$name \$*\" >>/tmp/said"; done
stand_in /usr/local/bin/curl '
case "${!#}" in
  */api/token) echo token ;;
  */instance-id) echo i-new ;;
  */mac) echo 02:00 ;;
  */macs/02:00/interface-id) echo eni-own ;;
  *) exit 22 ;;
esac'
stand_in /usr/local/bin/aws '
echo "aws $*" >>/tmp/said
[ "$2" != attach-network-interface ] || [ "$(grep -c "aws ec2 attach" /tmp/said)" -gt "$HELD" ]'
mkdir -p /opt/aws/bin /etc/sysconfig /etc/sysctl.d
stand_in /opt/aws/bin/cfn-signal 'echo "signal $*" >>/tmp/said'
bash -c "$SCRIPT" >&2
echo $?
cat /tmp/said
for file in /etc/sysconfig/nftables.conf /etc/sysctl.d/90-nat.conf; do echo "== $file"; cat "$file" 2>/dev/null; done
exit 0
"""


@dataclass(frozen=True)
class Booted:
    """What a boot left behind: its exit code, the commands that stand-ins were given, and files."""

    code: int
    said: list[str]
    rules: str
    kernel: str


@cache
def boot(held: int = 0) -> Booted:
    """Run the script as the instance would, while the one before it holds the interface for `held` attempts."""
    if reason := why_no_images(IMAGE):
        without_containers(reason)
    with closing(docker.from_env(timeout=120)) as client:
        printed = client.containers.run(
            IMAGE,
            ["bash", "-c", STAND_INS],
            environment={**VALUES, "SCRIPT": SCRIPT.read_text(), "HELD": str(held)},
            network_mode="none",
            remove=True,
        ).decode()
    said, rules, kernel = printed.split("\n== ")
    code, *lines = said.splitlines()
    return Booted(int(code), lines, rules, kernel)


def test_a_new_nat_instance_takes_over_the_address_and_then_the_interface() -> None:
    booted = boot()
    assert booted.code == 0
    calls = [line.split()[2] for line in booted.said if line.startswith("aws")]
    assert calls == ["modify-network-interface-attribute", "associate-address", "attach-network-interface"]
    (address,) = [line for line in booted.said if "associate-address" in line]
    assert "--allocation-id eipalloc-1 --network-interface-id eni-own --allow-reassociation" in address
    (attached,) = [line for line in booted.said if "attach-network-interface" in line]
    assert "--network-interface-id eni-fixed --instance-id i-new --device-index 1" in attached


def test_what_leaves_the_network_is_masked_and_what_stays_in_it_is_not() -> None:
    booted = boot()
    assert "ip saddr 10.0.0.0/16 ip daddr != 10.0.0.0/16 masquerade" in booted.rules
    assert "net.ipv4.ip_forward = 1" in booted.kernel
    assert booted.said.index("systemctl restart nftables") < len(booted.said) - 1
    assert booted.said[-1].startswith("signal --exit-code 0 ")


def test_it_waits_for_an_interface_that_the_old_one_still_holds() -> None:
    booted = boot(held=3)
    assert booted.code == 0
    assert len([line for line in booted.said if "attach-network-interface" in line]) == 4
    assert booted.said.count("sleep 5") == 3


def test_it_says_that_it_failed_when_it_never_gets_the_interface() -> None:
    booted = boot(held=1000)
    assert booted.code != 0
    assert booted.said[-1].startswith("signal --exit-code 1 ")
    assert "systemctl restart nftables" not in booted.said


def test_the_template_gives_the_script_what_it_asks_for() -> None:
    data = resolved.one("network", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]["Fn::Base64"]
    ((function, (text, given)),) = data.items()
    assert function == "Fn::Sub"
    assert given == {"ADDRESS": {"Fn::GetAtt": ["NatAddress", "AllocationId"]}, "INTERFACE": {"Ref": "NatInterface"}}
    assert not {name for name in VALUES if f"${{{name}}}" in text} - {"ADDRESS", "INTERFACE"}
