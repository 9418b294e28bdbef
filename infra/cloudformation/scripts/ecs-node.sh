#!/bin/bash
# First boot of a node of the cluster. The template puts its values where CLUSTER, REGION, STACK, RESOURCE and CA_BUNDLE
# stand in braces.
set -euo pipefail

tell() {
  /opt/aws/bin/cfn-signal --exit-code "$1" --region "${REGION}" --stack "${STACK}" --resource "${RESOURCE}" || true
}
trap 'tell 1' ERR

again() {
  local try
  for try in 1 2 3 4 5 6; do
    "$@" && return 0
    sleep $((try * 5))
  done
  echo "Six times in vain: $*" >&2
  return 1
}

# The agent reads it when it starts, which is after this script.
install -d /etc/ecs
cat >/etc/ecs/ecs.config <<CONFIG
ECS_CLUSTER=${CLUSTER}
ECS_RESERVED_MEMORY=192
ECS_CONTAINER_STOP_TIMEOUT=900s
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_ENABLE_TASK_IAM_ROLE=true
ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
ECS_AWSVPC_BLOCK_IMDS=true
ECS_DISABLE_PRIVILEGED=true
ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1h
CONFIG

# Containers on the bridge must not take the node's own role from its metadata; a limit of one hop is not all there is.
cat >/etc/systemd/system/accunode-metadata.service <<'UNIT'
[Unit]
Description=Keep containers from the metadata of the node
Requires=docker.service
After=docker.service
Before=ecs.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables --wait --insert DOCKER-USER --destination 169.254.169.254/32 --jump DROP

[Install]
WantedBy=docker.service
UNIT
systemctl daemon-reload
systemctl enable accunode-metadata.service
systemctl start --no-block accunode-metadata.service

[ -x /opt/aws/bin/cfn-signal ] || again dnf install --assumeyes --quiet aws-cfn-bootstrap

# What the database's certificate is verified against; containers mount the folder.
bundle=/etc/accunode/rds-ca.pem
install -d -m 755 /etc/accunode
again curl --fail --silent --show-error --location --max-time 30 --output "$bundle.new" "${CA_BUNDLE}"
begins=$(grep -c -- '^-----BEGIN CERTIFICATE-----' "$bundle.new" || true)
ends=$(grep -c -- '^-----END CERTIFICATE-----' "$bundle.new" || true)
if [ "$begins" -eq 0 ] || [ "$begins" -ne "$ends" ]; then
  echo "${CA_BUNDLE} holds no certificates in PEM" >&2
  false
fi
chmod 644 "$bundle.new"
mv "$bundle.new" "$bundle"

tell 0
