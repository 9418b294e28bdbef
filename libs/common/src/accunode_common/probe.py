"""Asks a service on this machine how it is: `python -m accunode_common.probe auth /ready`.

It ends with 0 when the answer is 200, else with 1 and the answer. A container's health check runs it every few
seconds, so it imports next to nothing.
"""

import socket
import sys

from accunode_common.routing import SERVICES

TIMEOUT_SECONDS = 5.0


def ask(port: int, path: str) -> tuple[int, str]:
    """The status and the body of a GET on this machine's `port`.

    Raises:
        OSError: Nobody answers.
        ValueError: The answer is no HTTP.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode("ascii"))
        reply = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    head, _, body = reply.partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), body


def main() -> int:
    """Ask, and exit 1 with a line when the answer is not 200."""
    name, path = sys.argv[1:]
    port = next(service.port for service in SERVICES if service.name == name)
    try:
        status, body = ask(port, path)
    except (OSError, ValueError, IndexError) as error:
        sys.stderr.write(f"{name} does not answer on port {port}: {error}\n")
        return 1
    if status != 200:
        sys.stderr.write(f"{name} answers {status}: {body}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
