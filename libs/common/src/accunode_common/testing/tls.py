"""TLS in front of a server that speaks none: the certificate is real, and so is the server behind it."""

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import trustme

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_BLOCK = 65536


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, and the file that clients trust it by."""

    ca: trustme.CA
    file: Path

    def context(self, name: str) -> ssl.SSLContext:
        """What a server of that name, or address, shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name).configure_cert(context)
        return context


def authority(folder: Path, name: str) -> Authority:
    """A new authority, whose certificate is in `folder`."""
    ca, file = trustme.CA(), folder / f"{name}.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


class _Terminator(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, context: ssl.SSLContext, port: int, *, postgres: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.context = context
        self.port = port
        self.postgres = postgres
        self.ended = threading.Event()


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Unwrap one connection, and end when either side does, or the terminator."""
        server = cast(_Terminator, self.server)
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
                socket.create_connection(("127.0.0.1", server.port)) as inner,
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


@contextmanager
def tls_in_front_of(port: int, context: ssl.SSLContext, *, postgres: bool = False) -> Iterator[int]:
    """A port on which the server of `port` is reached by TLS."""
    with _Terminator(context, port, postgres=postgres) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.ended.set()
            server.shutdown()
            thread.join(10)
