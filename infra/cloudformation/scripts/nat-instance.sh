#!/bin/bash
# First boot of the NAT instance: it becomes the way out of the private subnets. It takes the fixed address and the fixed
# interface, and masks what is forwarded with its own address. The template puts its values where STACK, REGION, ADDRESS,
# INTERFACE and NETWORK stand in braces.
set -euo pipefail

tell() {
  /opt/aws/bin/cfn-signal --exit-code "$1" --region "${REGION}" --stack "${STACK}" --resource NatGroup || true
}
trap 'tell 1' ERR

metadata() {
  curl --silent --fail --header "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

dnf install --quiet --assumeyes nftables
token=$(curl --silent --fail --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
  http://169.254.169.254/latest/api/token)
instance=$(metadata instance-id)
own=$(metadata "network/interfaces/macs/$(metadata mac)/interface-id")
export AWS_DEFAULT_REGION="${REGION}"
aws ec2 modify-network-interface-attribute --network-interface-id "$own" --no-source-dest-check
aws ec2 associate-address --allocation-id "${ADDRESS}" --network-interface-id "$own" --allow-reassociation

# The instance before this one may hold the interface a little longer.
attempts=60
until aws ec2 attach-network-interface --network-interface-id "${INTERFACE}" --instance-id "$instance" --device-index 1; do
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ]
  sleep 5
done

# What is forwarded comes in by one interface and leaves by the other.
printf 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 2\n' >/etc/sysctl.d/90-nat.conf
sysctl --quiet --system
cat >/etc/sysconfig/nftables.conf <<RULES
table ip accunode
delete table ip accunode
table ip accunode {
  chain out {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${NETWORK} ip daddr != ${NETWORK} masquerade
  }
}
RULES
systemctl enable --quiet nftables
systemctl restart nftables
tell 0
