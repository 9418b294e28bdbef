"""TLS to PostgreSQL and Redis: URLs that verify the server's certificate and its name, and those that do not."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from sqlalchemy.engine import URL

_VERIFIED = {"ssl_cert_reqs": {"required", "cert_required"}, "ssl_check_hostname": {"true", "yes", "1"}}
_OF_REDIS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def check_postgres_url(url: URL, *, required: bool) -> None:
    """Refuse a URL whose certificates are missing or, if TLS is `required`, that does not verify the server.

    Raises:
        ValueError: It says what to do.
    """
    if required and url.query.get("sslmode") != "verify-full":
        raise ValueError(
            "reaches PostgreSQL without verified TLS; add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem, or set"
            " ACCUNODE_DATABASE_REQUIRE_TLS=false where the network itself is trusted"
        )
    authority = url.query.get("sslrootcert", "system")
    if authority != "system" and not Path(str(authority)).is_file():
        raise ValueError("names an sslrootcert that is not there")


def check_redis_url(url: str, *, required: bool) -> None:
    """Refuse a URL that cannot be read, turns verification off or, if TLS is `required`, has no TLS.

    Raises:
        ValueError: It says what to do.
    """
    try:
        _ = urlsplit(url).port
    except ValueError:
        # Its own message would show what stands where a port should: most of a password.
        raise ValueError("has no readable host and port; write /, #, [ and the like in a password as %2F") from None
    if not url.startswith("rediss://"):
        if required:
            raise ValueError(
                "reaches Redis without TLS; use rediss://:password@host:port/0?ssl_ca_certs=/path/to/ca.pem, or set"
                " ACCUNODE_REDIS_REQUIRE_TLS=false where the network itself is trusted"
            )
        return
    options = dict(parse_qsl(urlsplit(url).query))
    for name, values in _VERIFIED.items():
        if name in options and options[name].lower() not in values:
            raise ValueError(f"turns off the verification of the server; leave out {name}")
    if "ssl_ca_certs" in options and not Path(options["ssl_ca_certs"]).is_file():
        raise ValueError("names ssl_ca_certs that are not there")


def broker_options(url: str) -> dict[str, Any]:
    """Celery's broker settings for a Redis URL: it verifies the server as the other clients do."""
    if not url.startswith("rediss://"):
        return {"broker_url": url}
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "broker_url": urlunsplit(parts._replace(query="")),
        "broker_use_ssl": {
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
            "ssl_check_hostname": True,
            **{name: options[name] for name in _OF_REDIS if name in options},
        },
    }
