#!/bin/sh
# Gives every service one copy, under its own name, and starts nginx.
set -eu
mkdir -p /tmp/slots
cp /etc/accunode/slots/*.conf /tmp/slots/
exec nginx -c /etc/accunode/nginx.conf -g 'daemon off;'
