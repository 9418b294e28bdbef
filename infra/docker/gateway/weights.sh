#!/bin/sh
# Divides a service's requests among its copies: weights SERVICE HOST=PERCENT [HOST=PERCENT]...
# as in `docker compose exec gateway weights auth auth=90 auth-next=10`. Requests under way are finished by the copy
# that has them. Without arguments it shows what holds.
set -eu
fail() { echo "$1" >&2; exit 1; }

if [ $# -eq 0 ]; then cat /tmp/slots/*.conf; exit 0; fi
service=$1
shift
template=/etc/accunode/slots/$service.conf
[ -f "$template" ] || fail "There is no service $service."
[ $# -gt 0 ] || fail "Name at least one copy, as in $service=100."
port=$(sed -n 's/.*:\([0-9]*\);/\1/p' "$template")
total=0
lines=
for slot in "$@"; do
    host=${slot%%=*}
    share=${slot#*=}
    case $share in ''|*[!0-9]*) fail "$slot is not HOST=PERCENT." ;; esac
    case $host in ''|*[!a-z0-9-]*) fail "$host is no host name." ;; esac
    total=$((total + share))
    if [ "$share" -gt 0 ]; then
        getent hosts "$host" >/dev/null || fail "There is no copy named $host."
        last="    * $host:$port;"
        lines="$lines    $share% $host:$port;
"
    fi
done
[ "$total" -eq 100 ] || fail "The percentages add up to $total, not to 100."
# The last copy takes what is left.
{
    head -n 1 "$template"
    printf '%s' "$lines" | sed '$d'
    echo "$last"
    echo "}"
} >"/tmp/slots/$service.conf.next"
mv "/tmp/slots/$service.conf" "/tmp/slots/$service.conf.last"
mv "/tmp/slots/$service.conf.next" "/tmp/slots/$service.conf"
if ! nginx -q -t -c /etc/accunode/nginx.conf; then
    mv "/tmp/slots/$service.conf.last" "/tmp/slots/$service.conf"
    fail "nginx refuses that; nothing has changed."
fi
nginx -q -c /etc/accunode/nginx.conf -s reload
