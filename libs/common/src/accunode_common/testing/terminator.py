"""Unwraps TLS in front of a server that speaks none, on nothing but the standard library.

As a program it takes the place of such a server in a container: `terminator.py CERTIFICATE KEY PORT HOST`, where HOST
is the PostgreSQL server, on the same port.
"""

import contextlib
import select
import socket
import socketserver
import ssl
import sys
import threading
from typing import cast

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_BLOCK = 65536


class Terminator(socketserver.ThreadingTCPServer):
    """Listens at `address`, and passes on to `target` what it has unwrapped.

    Args:
        context: What it shows.
        address: Where it listens.
        target: Where the server is.
        postgres: Whether clients first ask in the clear for TLS, as PostgreSQL's do. Who asks for anything else is
            turned away, as by a server that forces TLS.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, context: ssl.SSLContext, address: tuple[str, int], target: tuple[str, int], *, postgres: bool
    ) -> None:
        super().__init__(address, _Connection)
        self.context = context
        self.target = target
        self.postgres = postgres
        self.ended = threading.Event()


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Unwrap one connection, and end when either side does, or the terminator."""
        server = cast(Terminator, self.server)
        client = cast(socket.socket, self.request)
        with contextlib.suppress(OSError):
            client.settimeout(10)
            if server.postgres:
                # PostgreSQL's clients ask in the clear whether the server speaks TLS.
                if client.recv(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    return
                client.sendall(b"S")
            with (
                server.context.wrap_socket(client, server_side=True) as outer,
                socket.create_connection(server.target) as inner,
            ):
                _pump(outer, inner, server.ended)


def _pump(outer: ssl.SSLSocket, inner: socket.socket, ended: threading.Event) -> None:
    while not ended.is_set():
        readable = [outer] if outer.pending() else select.select([outer, inner], [], [], 0.1)[0]
        for source in readable:
            data = source.recv(_BLOCK)
            if not data:
                return
            (inner if source is outer else outer).sendall(data)


def main() -> None:
    """Serve until the process is told to end."""
    certificate, key, port, host = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    Terminator(context, ("", int(port)), (host, int(port)), postgres=True).serve_forever()


if __name__ == "__main__":
    main()
