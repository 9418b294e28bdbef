"""Measures lists and searches of an organization of many companies: PostgreSQL's processor time, and the waiting.

Names have a rare word, a number, and words that many have.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import psycopg
from redis import Redis
from sqlalchemy.engine import make_url

from accunode_devstack.bench_api import Call, Caller, Meters, sign_in_token
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import GATEWAY, WORKER
from accunode_devstack.seeding import Owner, add_companies, add_predictions
from accunode_devstack.state import State

HEADINGS = ("request", "PostgreSQL, ms of processor", "p50, ms")
REQUESTS = (
    "/companies",
    "/companies?sort=name",
    "/companies?access_level=personal&sort=name",
    "/companies?with_total=true",
    "/companies?risk_level=HIGH",
    "/companies?risk_level=HIGH&sort=name",
    "/companies?risk_level=CRITICAL&sort=name",
    "/companies?sector=Sector%203&sort=name",
    "/companies?search=steel",
    "/companies?search=steel&sort=name",
    "/companies?search=rail%20corp",
    "/companies?search=norwin",
    "/companies?search=steel%20corp%2048213",
    "/companies?search=unheard",
    "/predictions/annual",
    "/predictions/annual?risk_level=LOW",
    "/predictions/annual?risk_level=HIGH",
    "/predictions/annual?risk_level=CRITICAL",
    "/predictions/annual?sort=-pd",
    "/predictions/stats",
    "/portfolio/dashboard",
)
_CALLS = 20
_WARM_UP_CALLS = 3
_OWNER = """
    select m.tenant_id, m.user_id, m.organization_id from identity.users u
    join identity.memberships m on m.user_id = u.id where u.email_key = %s and m.organization_id is not null
"""


@dataclass(frozen=True)
class ListTimes:
    """What a request costs: milliseconds of PostgreSQL's processor, and the median of waiting."""

    request: str
    database: float
    p50: float

    def cells(self) -> tuple[str, ...]:
        """The row of a table under `HEADINGS`."""
        return f"GET {self.request}", f"{self.database:.1f}", f"{self.p50:.1f}"


def measure_lists(state: State, endpoints: Endpoints, user: DemoUser, *, rows: int) -> Iterator[ListTimes]:
    """Fill the user's organization with so many companies, one in ten with two years; then ask for each list.

    A dashboard is asked for as one who just changed something does, past the cache.
    Raises DevstackError when a request is not answered with success.
    """
    Supervisor(state).stop([WORKER])
    url = make_url(endpoints.admin_url).set(drivername="postgresql", database=endpoints.database)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        _fill(admin, user, rows)
        token = sign_in_token(endpoints, user)
        meters = Meters.of(state, GATEWAY)
        for request in REQUESTS:
            caller = Caller(endpoints, Call(request, "predictions", "GET", f"/api/v1{request}"), token)
            for number in range(_WARM_UP_CALLS):
                caller.call(number)
            _, before = meters.read()
            times = []
            for number in range(_CALLS):
                _forget_dashboards(endpoints)
                begun = time.perf_counter()
                caller.call(number)
                times.append(time.perf_counter() - begun)
            _, after = meters.read()
            yield ListTimes(request, 1000 * (after - before) / _CALLS, 1000 * median(times))


def _forget_dashboards(endpoints: Endpoints) -> None:
    with Redis.from_url(endpoints.redis_url) as redis:
        for key in redis.scan_iter("accunode:dashboard:*"):
            redis.delete(key)


def _fill(admin: psycopg.Connection, user: DemoUser, rows: int) -> None:
    found = admin.execute(_OWNER, [user.email]).fetchone()
    assert found is not None
    tenant_id, user_id, organization_id = found
    for owner, number in ((Owner(tenant_id, user_id, organization_id), rows), (Owner(tenant_id, user_id), rows // 50)):
        add_companies(admin, owner, range(number))
        add_predictions(admin, owner, range(number), [2023])
        add_predictions(admin, owner, range(number // 10), [2022])
    admin.execute("vacuum analyze")
