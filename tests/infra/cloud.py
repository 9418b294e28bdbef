"""What the tasks of the templates meet in AWS, as containers.

A database that forces TLS and gives no superuser, a cache with TLS and a token, a bucket, the node's agent, and the
load balancer.

Everything is reached by the names that AWS gives, so that a task's environment is the template's own. All certificates
are of one authority: it stands for Amazon's, which the database's bundle and every system's roots hold.
"""

import io
import json
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import httpx
import trustme
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool, Ulimit
from tests.infra import agent
from tests.infra.balancer import CERTIFICATE, KEY, STATE_PORT
from tests.integration.stacks import TAG
from tests.integration.waiting import within

from accunode_common.testing.terminator import __file__ as terminator_file
from accunode_docker.images import image_named
from accunode_docker.s3 import BUCKET
from accunode_docker.s3 import PORT as S3_PORT

REGION = "us-east-1"
DOMAIN = "api.accunode.example"
DATABASE_HOST = f"accunode-production.c0ffeec0ffee.{REGION}.rds.amazonaws.com"
CACHE_HOST = "master.accunode-production.c0ffee.use1.cache.amazonaws.com"
S3_HOST = f"s3.{REGION}.amazonaws.com"
AGENT_ADDRESS = "169.254.170.2"
ROOTS = "/etc/accunode/roots.pem"
"""Stands for the system's roots: every client of the product reads what SSL_CERT_FILE names. It lies in the node's
folder, which the templates mount into every task."""
SETUP = image_named("setup").reference(TAG)
SECONDS = 90
LABEL = "accunode.tests.infra"
FRONT = ["/tls/server.pem", "/tls/server-key.pem", "5432", "database"]
ELASTICACHE_LACKS = (
    "ACL",
    "BGREWRITEAOF",
    "BGSAVE",
    "CONFIG",
    "DEBUG",
    "MIGRATE",
    "MODULE",
    "REPLICAOF",
    "SAVE",
    "SHUTDOWN",
)
"""Commands that a cache run by AWS refuses, as its guide's "restricted commands" lists them."""


@dataclass(frozen=True)
class Passwords:
    """What the servers are created with: the database's name, its master and that one's password, the cache's token."""

    database: str
    master: str
    master_password: str
    token: str


@dataclass
class Cloud:
    """The servers, and what a task needs to be started among them.

    Attributes:
        client: The engine's.
        node: The folder that stands for a node's `/etc/accunode`.
        authority: It signs every server's certificate.
        passwords: The servers'.
        network: The VPC.
        agent_network: Where the node's agent is reached.
        gateway: The node's address in the VPC.
        agent: The node's agent.
        database: The database's container, without the TLS before it.
        stack: What ends everything.
    """

    client: docker.DockerClient
    node: Path
    authority: trustme.CA
    passwords: Passwords
    network: Network
    agent_network: Network
    gateway: str
    agent: Container
    stack: ExitStack
    database: Container | None = None

    def start(
        self,
        settings: Mapping[str, Any],
        *,
        names: Sequence[str],
        files: Mapping[str, bytes] | None = None,
        also: Network | None = None,
    ) -> Container:
        """Start a container by what `containers.create` takes, reached by `names` in the VPC."""
        known = {self.network.name: self.client.api.create_endpoint_config(aliases=list(names))}
        container = self.client.containers.create(
            network=self.network.name,
            networking_config=known,
            **{**settings, "labels": {LABEL: "", **settings.get("labels", {})}},
        )
        self.stack.callback(container.remove, force=True, v=True)
        for path, content in (files or {}).items():
            put(container, path, content)
        if also is not None:
            also.connect(container)
        container.start()
        return container

    def task(self, settings: Mapping[str, Any]) -> "Task":
        """Start a task's container as the node's agent does: with credentials, and ports on the node's address."""
        task = uuid4().hex
        given = {
            "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/v2/credentials/{task}",
            "ECS_CONTAINER_METADATA_URI_V4": f"http://{AGENT_ADDRESS}/v4/{task}",
            "ECS_AGENT_URI": f"http://{AGENT_ADDRESS}/api/{task}",
            "SSL_CERT_FILE": ROOTS,
        }
        made = {**settings, "environment": settings["environment"] | given}
        made["ports"] = {port: (self.gateway, host or None) for port, host in settings.get("ports", {}).items()}
        made["ulimits"] = [self._allowed(limit) for limit in settings.get("ulimits", ())]
        seconds = made.pop("stop_timeout")
        container = self.start(made, names=(task,), also=self.agent_network)
        return Task(task, container, seconds)

    def _allowed(self, limit: Ulimit) -> Ulimit:
        """The limit, or the engine's own where that is lower and the engine may not raise it."""
        if limit.name != "nofile":
            return limit
        most = int(self.agent.exec_run(["sh", "-c", "ulimit -Hn"]).output)
        return Ulimit(name=limit.name, soft=min(limit.soft, most), hard=min(limit.hard, most))

    def sql(self, statement: str) -> str:
        """What the database's owner gets for a statement."""
        assert self.database is not None
        done = self.database.exec_run(["psql", "--username=rdsadmin", "--dbname=accunode", "-XAtqc", statement])
        return str(done.output.decode().strip())

    def asked_of_agent(self) -> list[dict[str, Any]]:
        """What tasks asked the node's agent for."""
        script = f"import urllib.request as r; print(r.urlopen('http://{AGENT_ADDRESS}/told').read().decode())"
        done = self.agent.exec_run(["python", "-c", script])
        found: list[dict[str, Any]] = json.loads(done.output)
        return found


@dataclass(frozen=True)
class Task:
    """A running task.

    Attributes:
        name: The agent's name of it.
        container: Its one container.
        stop_seconds: How long it may take to end once it is told to.
    """

    name: str
    container: Container
    stop_seconds: int

    def address(self, port: int) -> str:
        """Where a port of it is reached on the node."""
        self.container.reload()
        (published,) = self.container.attrs["NetworkSettings"]["Ports"][f"{port}/tcp"]
        return f"{published['HostIp']}:{published['HostPort']}"

    def stop(self) -> int:
        """Tell it to end, as ECS does; its exit code, which is 137 when it had to be killed."""
        self.container.stop(timeout=self.stop_seconds)
        self.container.reload()
        return int(self.container.attrs["State"]["ExitCode"])


def put(container: Container, path: str, content: bytes, *, mode: int = 0o600, owner: int = 999) -> None:
    """Write a file into a container that need not run."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, owner, owner
        archive.addfile(entry, io.BytesIO(content))
    assert container.put_archive("/", stream.getvalue())


def healthy(*containers: Container, seconds: float = SECONDS) -> None:
    """Wait until the engine's health check of each passes."""
    end = time.monotonic() + seconds
    for container in containers:
        while True:
            container.reload()
            state = container.attrs["State"]
            if state.get("Health", {}).get("Status") == "healthy":
                break
            assert state["Status"] == "running", f"{container.name} ended:\n{said(container)}"
            assert time.monotonic() < end, (
                f"{container.name} is not healthy: {state['Health']['Log']}\n{said(container)}"
            )
            time.sleep(0.3)


def said(container: Container) -> str:
    """The end of what a container wrote."""
    return str(container.logs(tail=30).decode(errors="replace"))


@contextmanager
def cloud(client: docker.DockerClient, folder: Path, passwords: Passwords) -> Iterator[Cloud]:
    """The servers, healthy; everything is removed in the end.

    Args:
        client: The engine's.
        folder: An empty folder.
        passwords: The servers'.
    """
    _clear(client)
    with ExitStack() as stack:
        made = _node(client, folder, passwords, stack)
        objects = made.start(_objects(), names=("objects",))
        database = made.start(_database(), names=("database",), files=_database_files(made))
        # Not every build of PostgreSQL speaks TLS itself.
        front = {"image": SETUP, "entrypoint": ["python", "-I", "/terminator.py"], "command": FRONT, "user": "999"}
        terminator = {"/terminator.py": Path(terminator_file).read_bytes()}
        made.start(front, names=(DATABASE_HOST,), files=_tls_files(made, DATABASE_HOST) | terminator)
        cache = made.start(_cache(made), names=(CACHE_HOST,), files=_tls_files(made, CACHE_HOST))
        made.database = database
        healthy(objects, database, cache)
        yield made


def _clear(client: docker.DockerClient) -> None:
    """Remove what a run that was killed has left: its network has the one address that this run needs."""
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        container.remove(force=True, v=True)
    for network in client.networks.list(filters={"label": LABEL}):
        network.remove()


def _node(client: docker.DockerClient, folder: Path, passwords: Passwords, stack: ExitStack) -> Cloud:
    name = f"accunode-vpc-{uuid4().hex[:8]}"
    network = client.networks.create(name, driver="bridge", labels={LABEL: ""})
    stack.callback(network.remove)
    network.reload()
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    # The agent's address is the same on every node, in its own network.
    pool = IPAMPool(subnet="169.254.170.0/24", gateway="169.254.170.1")
    agents = client.networks.create(
        f"{name}-agent", driver="bridge", internal=True, labels={LABEL: ""}, ipam=IPAMConfig(pool_configs=[pool])
    )
    stack.callback(agents.remove)
    authority = trustme.CA()
    node = folder / "node"
    node.mkdir()
    for name_of_file in ("rds-ca.pem", Path(ROOTS).name):
        authority.cert_pem.write_to_path(str(node / name_of_file))
    container = client.containers.create(SETUP, entrypoint=["python", "-I", "/agent.py"], network=name, labels=[LABEL])
    stack.callback(container.remove, force=True, v=True)
    agents.connect(container, ipv4_address=AGENT_ADDRESS)
    put(container, "/agent.py", Path(agent.__file__).read_bytes(), mode=0o444)
    container.start()
    return Cloud(client, node, authority, passwords, network, agents, gateway, container, stack)


def _objects() -> dict[str, Any]:
    look = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{S3_PORT}/{BUCKET}')"
    return {"image": SETUP, "command": ["s3"], "healthcheck": _check("python", "-I", "-c", look)}


def _check(*command: str) -> dict[str, Any]:
    second = 1_000_000_000
    return {"test": ["CMD", *command], "interval": second, "timeout": 5 * second, "retries": 60}


def _database() -> dict[str, Any]:
    return {
        "image": "postgres:18",
        "environment": {"POSTGRES_PASSWORD": uuid4().hex, "POSTGRES_USER": "rdsadmin", "POSTGRES_DB": "postgres"},
        "healthcheck": _check("pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "rdsadmin"),
        "shm_size": "128m",
    }


def _database_files(made: Cloud) -> dict[str, bytes]:
    # As RDS makes its master user.
    master = (
        f"CREATE ROLE {made.passwords.master} LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS"
        f" PASSWORD '{made.passwords.master_password}';\nGRANT pg_read_all_stats TO {made.passwords.master};\n"
        f"CREATE DATABASE {made.passwords.database} OWNER {made.passwords.master};\n"
    )
    return {"/docker-entrypoint-initdb.d/master.sql": master.encode()}


def _cache(made: Cloud) -> dict[str, Any]:
    options = {
        "port": "0",
        "tls-port": "6379",
        "tls-cert-file": "/tls/server.pem",
        "tls-key-file": "/tls/server-key.pem",
        "tls-ca-cert-file": "/tls/ca.pem",
        "tls-auth-clients": "no",
        "requirepass": made.passwords.token,
        "save": "",
    }
    renamed = [word for command in ELASTICACHE_LACKS for word in ("--rename-command", command, "")]
    authenticated = f"REDISCLI_AUTH={made.passwords.token} redis-cli --tls --cacert /tls/ca.pem ping | grep -q PONG"
    return {
        "image": "redis:7",
        "command": [
            "redis-server",
            *(word for name, value in options.items() for word in (f"--{name}", value)),
            *renamed,
        ],
        "user": "999",
        "healthcheck": _check("sh", "-c", authenticated),
    }


def _tls_files(made: Cloud, *names: str) -> dict[str, bytes]:
    issued = made.authority.issue_cert(*names, "127.0.0.1")
    return {
        "/tls/ca.pem": made.authority.cert_pem.bytes(),
        "/tls/server.pem": b"".join(blob.bytes() for blob in issued.cert_chain_pems),
        "/tls/server-key.pem": issued.private_key_pem.bytes(),
    }


class Balancer:
    """nginx in the balancer's place.

    Attributes:
        base_url: Where this machine reaches it.
    """

    def __init__(self, made: Cloud, configuration: str) -> None:
        issued = made.authority.issue_cert(DOMAIN, S3_HOST, "127.0.0.1")
        self._container = made.start(
            {"image": "nginx:1.27", "ports": {f"{port}/tcp": ("127.0.0.1", None) for port in (443, 80, STATE_PORT)}},
            names=(DOMAIN, S3_HOST),
            files={
                CERTIFICATE: b"".join(blob.bytes() for blob in issued.cert_chain_pems),
                KEY: issued.private_key_pem.bytes(),
                "/etc/nginx/nginx.conf": configuration.encode(),
            },
        )
        self._container.reload()
        ports = self._container.attrs["NetworkSettings"]["Ports"]
        self.base_url = f"https://127.0.0.1:{ports['443/tcp'][0]['HostPort']}"
        self._state_url = f"http://127.0.0.1:{ports[f'{STATE_PORT}/tcp'][0]['HostPort']}"
        self.plain_url = f"http://127.0.0.1:{ports['80/tcp'][0]['HostPort']}"

    def configure(self, configuration: str) -> None:
        """Take other rules or targets, and return when they are in force; the old answer what is under way."""
        put(self._container, "/etc/nginx/nginx.conf", configuration.encode(), mode=0o644, owner=0)
        done = self._container.exec_run(["nginx", "-s", "reload"])
        assert done.exit_code == 0, done.output.decode()
        within(SECONDS, lambda: httpx.get(self._state_url).text in configuration)

    def answered(self) -> Sequence[list[str]]:
        """Each request's status, target and path, as the balancer logged it."""
        return [line.split() for line in self._container.logs(stderr=False).decode().splitlines() if line[:3].isdigit()]


S3_ADDRESS = f"objects:{S3_PORT}"
OBJECTS_BUCKET = BUCKET
