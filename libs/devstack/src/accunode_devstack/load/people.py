"""Many members of the demo's organization, each with an account and a session of its own."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import psycopg
from psycopg import sql

from accunode_common.models.identity import Membership, User
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.load.connection import Connection

_AT_ONCE = 16


def add_people(endpoints: Endpoints, like: DemoUser, number: int) -> list[str]:
    """The addresses of so many new people, each with the password and the membership that `like` has."""
    addresses = [f"analyst.{each:05d}@load.example" for each in range(number)]
    values = {"addresses": addresses, "like": like.email}
    # As the server's administrator and without triggers: only a person's own transaction makes an account.
    with psycopg.connect(endpoints.admin_url, dbname=endpoints.database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            _copies(User, _PEOPLE, {"email": ("new", "address"), "email_key": ("new", "address")}), values
        )
        connection.execute(_copies(Membership, _MEMBERSHIPS, {"user_id": ("new", "id")}), values)
    return addresses


_PEOPLE = sql.SQL(
    "identity.users old CROSS JOIN unnest(%(addresses)s::text[]) new (address) WHERE old.email = %(like)s"
)
_MEMBERSHIPS = sql.SQL(
    "identity.memberships old JOIN identity.users u ON u.id = old.user_id CROSS JOIN identity.users new "
    "WHERE u.email = %(like)s AND new.email = ANY (%(addresses)s::text[])"
)


def _copies(
    model: type[User] | type[Membership], source: sql.SQL, changed: Mapping[str, tuple[str, str]]
) -> sql.Composed:
    """Insert the rows `old` of a source again under new ids, with columns of `new` in the changed places."""
    names = [column.name for column in model.__table__.columns if column.computed is None]
    values = [
        sql.SQL("gen_random_uuid()") if name == "id" else sql.Identifier(*changed.get(name, ("old", name)))
        for name in names
    ]
    table = sql.Identifier("identity", model.__tablename__)
    columns = sql.SQL(", ")
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        table, columns.join(map(sql.Identifier, names)), columns.join(values), source
    )


async def sign_in(port: int, addresses: Sequence[str], password: str) -> list[str]:
    """The access tokens of these people. Raises DevstackError when one is refused."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def token_of(address: str) -> str:
        connection = Connection(port, "")
        async with gate:
            body = json.dumps({"email": address, "password": password}).encode()
            reply = await connection.request("POST", "/api/v1/auth/login", body)
        connection.close()
        if reply.status != HTTPStatus.OK:
            raise DevstackError(f"{address} could not sign in: {reply.status} {bytes(reply.body[:300])!r}")
        return str(json.loads(reply.body)["access_token"])

    return list(await asyncio.gather(*map(token_of, addresses)))
