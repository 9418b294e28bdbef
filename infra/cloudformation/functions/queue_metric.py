"""Publishes how long the queues are, each minute, whatever the workers do.

Redis is asked in its own protocol, so that nothing has to be packaged. What is printed is CloudWatch's embedded metric
format: the metrics come from the log, and the function needs no way to CloudWatch.
"""

import json
import os
import socket
import ssl
import sys
import time
from functools import cache

import boto3

SECONDS = 10
NAMESPACE = "AccuNode"


class QueueMetricError(Exception):
    """Redis answered with an error, or with something else than a length."""


@cache
def token():
    """The password of Redis."""
    found = boto3.client("ssm").get_parameter(Name=os.environ["TOKEN_PARAMETER"], WithDecryption=True)
    return found["Parameter"]["Value"]


def command(*words):
    """A command as Redis reads it."""
    parts = [word.encode() for word in words]
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)])


def reply(lines):
    """The next answer's line, without its mark."""
    line = lines.readline().decode().rstrip("\r\n")
    if not line.startswith(("+", ":")):
        raise QueueMetricError(f"Redis answered: {line[:80] or 'nothing'}")
    return line[1:]


def lengths(queues):
    """How many messages wait in each queue."""
    host = os.environ["CACHE_HOST"]
    prefix = os.environ["KEY_PREFIX"]
    asked = [command("AUTH", token()), *(command("LLEN", prefix + queue) for queue in queues)]
    with (
        socket.create_connection((host, int(os.environ["CACHE_PORT"])), SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as connection,
        connection.makefile("rb") as lines,
    ):
        connection.sendall(b"".join(asked))
        reply(lines)
        return {queue: int(reply(lines)) for queue in queues}


def metric(length, **dimensions):
    """A line of the log that becomes a metric."""
    of = {"Environment": os.environ["ENVIRONMENT"], **dimensions}
    described = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(of)],
        "Metrics": [{"Name": "QueueLength", "Unit": "Count"}],
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    return json.dumps({"_aws": about, **of, "QueueLength": length})


def handler(_event, _context):
    """Print the length of all queues together, and of each unless only the essential is wanted."""
    try:
        found = lengths(os.environ["QUEUES"].split(","))
    except QueueMetricError:
        # The token may have changed: the next minute reads it anew.
        token.cache_clear()
        raise
    each = found if os.environ["METRICS"] == "emf" else {}
    lines = [metric(length, Queue=queue) for queue, length in each.items()]
    sys.stdout.write("\n".join([*lines, metric(sum(found.values()))]) + "\n")
