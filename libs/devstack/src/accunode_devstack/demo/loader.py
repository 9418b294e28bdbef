"""Sets up the demo through the product's own API: tenants, people, the portfolio. Doing it again changes nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from accunode_devstack.demo.client import ApiClient, RefusedError
from accunode_devstack.demo.generator import AnnualRow, Portfolio, QuarterlyRow, draw_portfolio, to_csv
from accunode_devstack.demo.people import TENANTS, DemoTenant, DemoUser, demo_users, people_of
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import write_json

SHARES = (0.55, 0.925)
PERSONAL_COMPANIES = 3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Installation:
    """A running product to load the demo into.

    `base_url` is where the API is reached from here, `auth_database_url` the auth service's own way to its database:
    the first administrator has nobody to invite them.
    """

    base_url: str
    auth_database_url: str = field(repr=False)


@dataclass(frozen=True)
class Demo:
    """The demo's users, and whether its portfolio was loaded just now."""

    users: list[DemoUser]
    loaded_now: bool


def load_demo(installation: Installation, password: str, say: Say) -> Demo:
    """Make what is missing of the demo, with `password` for everyone.

    Raises DevstackError when the product refuses a step.
    """
    users = demo_users(password)
    if _complete(installation, users):
        return Demo(users, loaded_now=False)
    say("Loading the demo portfolio")
    _load(installation, users[0], password)
    return Demo(users, loaded_now=True)


def load_people(installation: Installation, password: str) -> list[DemoUser]:
    """Make the demo's tenants and people only, with `password` for everyone.

    Raises DevstackError when the product refuses a step.
    """
    users = demo_users(password)
    _create_super_admin(installation, users[0])
    for tenant in TENANTS:
        _set_up_tenant(installation, users[0], tenant, people_of(tenant, password))
    return users


def write_sign_ins(path: Path, base_url: str, users: list[DemoUser]) -> None:
    """Keep the sign-ins in a file of mode 600, for scripts."""
    write_json(path, {"base_url": base_url, "users": [user.entry() for user in users]})


def _load(installation: Installation, platform: DemoUser, password: str) -> None:
    load_people(installation, password)
    *tenants_parts, shared = _shares(draw_portfolio())
    teams = [people_of(tenant, password) for tenant in TENANTS]
    with ExitStack() as clients:
        uploads = _upload(clients.enter_context(ApiClient(installation.base_url)), platform, shared, "system")
        for people, part in zip(teams, tenants_parts, strict=True):
            client = clients.enter_context(ApiClient(installation.base_url))
            uploads += _upload(client, people["org_member"], part, "organization")
        for client, job_id in uploads:
            ended = client.wait_for_job(job_id)
            if ended["state"] != "completed":
                raise DevstackError(f"The demo's upload {job_id} ended as {ended['state']}.")
    for people, part in zip(teams, tenants_parts, strict=True):
        _predict_own(installation, people["user"], part)


def _complete(installation: Installation, users: list[DemoUser]) -> bool:
    """Whether the last thing that loading does was done: the second tenant's newcomer has companies."""
    last = users[-1]
    with ApiClient(installation.base_url) as client:
        try:
            return bool(client.sign_in(last.email, last.password).get("/companies", limit=1)["items"])
        except RefusedError as refused:
            if refused.status == httpx.codes.UNAUTHORIZED:
                return False
            raise


def _shares(portfolio: Portfolio) -> tuple[Portfolio, ...]:
    """The parts of the two tenants' organizations, and the system's own."""
    ends = [round(end * len(portfolio.companies)) for end in (0, *SHARES, 1)]
    return tuple(portfolio.of(portfolio.companies[start:end]) for start, end in pairwise(ends))


def _create_super_admin(installation: Installation, person: DemoUser) -> None:
    """The first administrator has nobody to invite them: the auth service's own command makes them."""
    _administer(
        installation,
        "create-super-admin",
        *("--email", person.email, "--full-name", person.full_name),
        ACCUNODE_ADMIN_PASSWORD=person.password,
    )


def _administer(installation: Installation, *command: str, **variables: str) -> None:
    """Run a command of whoever operates the auth service."""
    environment = os.environ | {"ACCUNODE_DATABASE_URL": installation.auth_database_url} | variables
    done = subprocess.run(
        [sys.executable, "-m", "accunode_auth.admin", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DevstackError(f"The command {command[0]} failed: {(done.stderr or done.stdout).strip()}")


def _set_up_tenant(
    installation: Installation, platform: DemoUser, tenant: DemoTenant, people: dict[str, DemoUser]
) -> None:
    with ApiClient(installation.base_url) as client:
        for person in people.values():
            account = {"email": person.email, "password": person.password, "full_name": person.full_name}
            client.post("/auth/register", account)
        _administer(installation, "confirm-addresses", *(person.email for person in people.values()))
        client.sign_in(platform.email, platform.password)
        found = _found_or_made(client, "/tenants", {"name": tenant.name, "slug": tenant.slug})
        _invite(client, people["tenant_admin"], tenant_id=found["id"])
    _accept(installation, people["tenant_admin"])
    with ApiClient(installation.base_url) as client:
        administrator = people["tenant_admin"]
        client.sign_in(administrator.email, administrator.password)
        organization = _found_or_made(client, "/organizations", {"name": tenant.organization})
        client.put(f"/organizations/{organization['id']}/global-data-access", {"enabled": tenant.sees_system_records})
        for role in ("org_admin", "org_member"):
            _invite(client, people[role], organization_id=organization["id"])
            _accept(installation, people[role])


def _found_or_made(client: ApiClient, path: str, body: dict[str, str]) -> Any:
    """What has the name in `body`, made now if there is nothing of that name."""
    for item in client.get(path, limit=200)["items"]:
        if item["name"] == body["name"]:
            return item
    return client.post(path, body)


def _invite(client: ApiClient, person: DemoUser, **place: str) -> None:
    try:
        client.post("/users", {"email": person.email, "role": person.role, **place})
    except RefusedError as refused:
        # Invited or a member already, from an earlier loading that did not come to its end.
        if refused.status != httpx.codes.CONFLICT:
            raise


def _accept(installation: Installation, person: DemoUser) -> None:
    with ApiClient(installation.base_url) as client:
        client.sign_in(person.email, person.password)
        for invitation in client.get("/users/me/invitations")["items"]:
            client.post(f"/users/me/invitations/{invitation['id']}/accept", {})


def _upload(client: ApiClient, person: DemoUser, part: Portfolio, access_level: str) -> list[tuple[ApiClient, str]]:
    """Start the bulk uploads of `part`; the client to follow each with, and its job."""
    client.sign_in(person.email, person.password)
    files = (("annual", to_csv(part.annual, AnnualRow)), ("quarterly", to_csv(part.quarterly, QuarterlyRow)))
    jobs = [client.upload(f"demo_{kind}.csv", content, kind=kind, access_level=access_level) for kind, content in files]
    return [(client, job["id"]) for job in jobs]


def _predict_own(installation: Installation, person: DemoUser, part: Portfolio) -> None:
    """A few companies as the person's own, one at a time."""
    with ApiClient(installation.base_url) as client:
        client.sign_in(person.email, person.password)
        for row in _latest(part)[:PERSONAL_COMPANIES]:
            _predict(client, row)


def _predict(client: ApiClient, row: AnnualRow) -> None:
    try:
        client.post("/predictions/annual", _annual_body(row))
    except RefusedError as refused:
        if refused.status != httpx.codes.CONFLICT:
            raise


def _latest(part: Portfolio) -> list[AnnualRow]:
    last = max(row.fiscal_year for row in part.annual)
    return [row for row in part.annual if row.fiscal_year == last]


def _annual_body(row: AnnualRow) -> dict[str, Any]:
    described = {"company_name", "symbol", "sector", "fiscal_year"}
    return {
        "company": {"name": row.company_name, "symbol": row.symbol, "sector": row.sector},
        "access_level": "personal",
        "fiscal_year": row.fiscal_year,
        "ratios": {name: value for name, value in vars(row).items() if name not in described},
    }
