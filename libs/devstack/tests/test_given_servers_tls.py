"""Servers that DATABASE_URL and REDIS_URL name may be reached by TLS, and every role's URL keeps how."""

from pathlib import Path
from urllib.parse import urlsplit

from accunode_common.db.access import DatabaseRole
from accunode_common.db.bootstrap import role_url
from accunode_common.testing.tls import authority, tls_in_front_of
from accunode_devstack import postgres, redis
from accunode_devstack.pytest_plugin import PostgresAddress, RedisAddress


def test_given_servers_are_reached_by_tls(
    postgres_server: PostgresAddress, redis_server: RedisAddress, tmp_path: Path
) -> None:
    trusted = authority(tmp_path, "ca")
    admin, cache = urlsplit(postgres_server.admin_url), urlsplit(redis_server.url)
    assert cache.port is not None
    with tls_in_front_of(cache.port, trusted.context("127.0.0.1")) as port:
        redis.require_version(f"rediss://:{cache.password or ''}@127.0.0.1:{port}/0?ssl_ca_certs={trusted.file}")
    with tls_in_front_of(postgres_server.port, trusted.context("127.0.0.1"), postgres=True) as port:
        query = f"sslmode=verify-full&sslrootcert={trusted.file}"
        postgres.require_version(f"postgresql://{admin.username}:{admin.password}@127.0.0.1:{port}/postgres?{query}")


def test_the_url_of_every_role_verifies_the_server_as_the_administrators_does() -> None:
    query = "sslmode=verify-full&sslrootcert=/etc/accunode/ca.pem"
    admin = f"postgresql://admin:a-long-secret@db.internal:5432/postgres?{query}"
    for role in DatabaseRole:
        url = urlsplit(role_url(admin, "accunode", role, "another-secret"))
        assert (url.username, url.hostname, url.path) == (role.value, "db.internal", "/accunode")
        assert url.query.replace("%2F", "/") == query
