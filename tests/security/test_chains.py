"""Power that was taken away stays away, whichever way leads back to it: chains of several steps."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.applications import Running
from tests.isolation.things import Stage

from accunode_common.auth.credentials import Credential
from accunode_common.ids import new_id
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller

API = "/api/v1"


@pytest.fixture
def stage(new_stage: Callable[[], Stage]) -> Stage:
    """A world of its own."""
    return new_stage()


@pytest.fixture
def ask(services: list[Running]) -> Any:
    """Sends a request to a service as a caller: `await ask("auth", caller, "GET /users/me")`."""
    by_name = {each.application.service.name: each.client for each in services}

    async def send(
        service: str, caller: Caller | None, request: str, body: Any = None, **options: Any
    ) -> httpx.Response:
        method, path = request.split(" ")
        if body is not None:
            options["json"] = body
        return await by_name[service].as_(caller).request(method, API + path, **options)

    return send


def invite(stage: Stage, caller: Caller) -> str:
    """A join token of organization Credit of tenant one that lists the caller's address."""
    one = stage.world.one
    token = Credential.new("anjoin", one.id, one.organization_id)
    stage.connection.execute(
        "update tenancy.organizations set join_token_hash = %s, join_token_created_at = now() where id = %s",
        [token.hash, one.organization_id],
    )
    stage.connection.execute(
        "insert into tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)"
        " values (%s, %s, %s, %s)",
        [one.id, one.organization_id, caller.email, one.org_admin.user_id],
    )
    return token.text


async def test_a_join_token_is_no_good_for_whom_it_does_not_list(ask: Any, stage: Stage) -> None:
    token = {"token": invite(stage, stage.world.user)}
    assert (await ask("tenants", stage.world.other_user, "POST /organizations/join", token)).status_code == 403
    assert (await ask("tenants", stage.world.user, "POST /organizations/join", token)).status_code == 201


async def test_who_was_removed_does_not_join_again_with_the_old_token(
    ask: Any, stage: Stage, issuer: TestIssuer
) -> None:
    one, person = stage.world.one, stage.world.user
    token = {"token": invite(stage, person)}
    assert (await ask("tenants", person, "POST /organizations/join", token)).status_code == 201
    path = f"/organizations/{one.organization_id}/members/{person.user_id}"
    assert (await ask("tenants", one.org_admin, f"DELETE {path}")).status_code == 204
    again = issuer.token(person.subject)
    headers = {"Authorization": f"Bearer {again}"}
    reply = await ask("tenants", None, "POST /organizations/join", token, headers=headers)
    assert reply.status_code == 403, reply.text


@pytest.mark.parametrize("ending", ["renew", "disable", "unlist", "delete"])
async def test_a_join_token_ends_with_what_it_stood_on(ask: Any, stage: Stage, ending: str) -> None:
    one, person = stage.world.one, stage.world.user
    token, place = {"token": invite(stage, person)}, f"/organizations/{one.organization_id}"
    admin, request = {
        "renew": (one.org_admin, f"POST {place}/join-token"),
        "disable": (one.org_admin, f"DELETE {place}/join-token"),
        "unlist": (one.org_admin, f"DELETE {place}/whitelist/{person.email}"),
        "delete": (one.tenant_admin, f"DELETE {place}"),
    }[ending]
    assert (await ask("tenants", admin, request)).is_success
    assert (await ask("tenants", person, "POST /organizations/join", token)).status_code == 403


async def test_a_removed_members_token_reads_nothing_of_the_organization(ask: Any, stage: Stage) -> None:
    one = stage.world.one
    shared = stage.make("colleague's", one.org_member, kind="annual")
    company = f"GET /companies/{shared.ids['company_id']}"
    assert (await ask("predictions", one.org_member, company)).status_code == 200
    path = f"/organizations/{one.organization_id}/members/{one.org_member.user_id}"
    assert (await ask("tenants", one.org_admin, f"DELETE {path}")).status_code == 204
    for service, request in (
        ("predictions", company),
        ("bulk-upload", f"GET /bulk-uploads/{shared.ids['job_id']}"),
        ("bulk-upload", f"GET /bulk-uploads/{shared.ids['job_id']}/events"),
        ("predictions", "GET /predictions/annual/export"),
        ("tenants", "GET /organizations"),
    ):
        assert (await ask(service, one.org_member, request)).status_code == 401, request


async def test_a_deleted_organizations_records_are_read_by_no_former_member(ask: Any, stage: Stage) -> None:
    one = stage.world.one
    shared = stage.make("colleague's", one.org_member, kind="annual")
    assert (await ask("tenants", one.tenant_admin, f"DELETE /organizations/{one.organization_id}")).status_code == 204
    for caller in (one.org_member, one.org_admin, one.other_member):
        reply = await ask("predictions", caller, f"GET /companies/{shared.ids['company_id']}")
        assert reply.status_code == 401


async def test_nobody_is_added_to_a_deleted_organization(ask: Any, stage: Stage) -> None:
    one = stage.world.one
    place = f"/organizations/{one.organization_id}"
    assert (await ask("tenants", one.tenant_admin, f"DELETE {place}")).status_code == 204
    body = {"email": f"new-{new_id()}@bank.example", "role": "org_member"}
    assert (await ask("tenants", one.tenant_admin, f"POST {place}/members", body)).status_code == 404
    assert (await ask("tenants", one.tenant_admin, f"POST {place}/join-token")).status_code == 404


@pytest.mark.parametrize(
    ("service", "request_"),
    [
        ("predictions", "GET /companies/{job_id}"),
        ("predictions", "GET /predictions/annual/{company_id}"),
        ("bulk-upload", "GET /bulk-uploads/{prediction_id}"),
        ("bulk-upload", "GET /jobs/{company_id}/"),
        ("bulk-upload", "POST /jobs/{prediction_id}/cancel"),
        ("auth", "DELETE /auth/sessions/{key_id}"),
        ("auth", "DELETE /auth/api-keys/{session_id}"),
    ],
)
async def test_an_id_of_one_kind_opens_nothing_of_another(ask: Any, stage: Stage, service: str, request_: str) -> None:
    owner = stage.world.one.org_member
    mine = stage.make("own", owner, kind="annual")
    assert (await ask(service, owner, request_.format(**mine.ids))).status_code == 404


async def test_an_upload_with_another_tenants_job_id_among_its_fields_is_refused(ask: Any, stage: Stage) -> None:
    theirs = stage.make("tenant", stage.world.one.org_member, kind="annual")
    reply = await ask(
        "bulk-upload",
        stage.world.one.org_member,
        "POST /bulk-uploads",
        files={"file": ("a.csv", b"company_name,fiscal_year\nA,2024\n")},
        data={"kind": "annual", "job_id": theirs.ids["job_id"], "tenant_id": theirs.ids["tenant_id"]},
    )
    assert reply.status_code == 422, reply.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\a.csv", "/etc/passwd", "a\x00.csv", "a.csv/../../b"])
async def test_a_files_name_leads_to_no_other_file(ask: Any, stage: Stage, name: str) -> None:
    owner = stage.world.one.org_member
    files = {"file": (name, b"company_name,fiscal_year\nA,2024\n")}
    reply = await ask("bulk-upload", owner, "POST /bulk-uploads", files=files, data={"kind": "annual"})
    assert reply.status_code in {202, 400, 422}, reply.text
    row = stage.connection.execute(
        "select file_key from bulk.jobs where created_by = %s and file_key is not null", [owner.user_id]
    ).fetchone()
    assert row is None or (str(owner.tenant_id) in row[0] and ".." not in row[0] and "passwd" not in row[0])
