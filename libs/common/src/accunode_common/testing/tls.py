"""TLS in front of a server that speaks none: the certificate is real, and so is the server behind it."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from accunode_common.testing.terminator import Terminator


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


@contextmanager
def tls_in_front_of(port: int, context: ssl.SSLContext, *, postgres: bool = False) -> Iterator[int]:
    """A port on which the server of `port` is reached by TLS."""
    with Terminator(context, ("127.0.0.1", 0), ("127.0.0.1", port), postgres=postgres) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.ended.set()
            server.shutdown()
            thread.join(10)
