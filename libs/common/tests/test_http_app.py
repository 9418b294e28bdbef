"""What every service's application has: errors, request ids, headers, limits, system routes."""

import pytest
import structlog
from http_app import create_app
from pydantic import BaseModel
from structlog.testing import capture_logs

from accunode_common.db.access import DatabaseRole
from accunode_common.http.faults import field_errors
from accunode_common.http.operations import operations, public_operations
from accunode_common.settings import VerifierSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem

THINGS = "/api/v1/things"


async def test_a_healthy_service_says_so(things: ServiceClient) -> None:
    assert (await things.http.get("/health")).json() == {"status": "alive", "service": "things"}
    reply = await things.machinery("/ready")
    assert reply.status_code == 200, reply.text
    assert reply.json()["checks"] == {"database": "ok", "redis": "ok", "migrations": "ok"}


async def test_readiness_names_the_part_that_failed(make_settings: SettingsFactory, issuer: TestIssuer) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, redis_url="redis://:x@127.0.0.1:1/0")
    async with running(create_app(settings, issuer.source)) as app:
        reply = await app.machinery("/ready")
        assert reply.status_code == 503
        assert reply.json()["checks"] == {"database": "ok", "redis": "failed", "migrations": "ok"}
        assert (await app.http.get("/health")).status_code == 200


async def test_metrics_count_by_route_template_and_never_by_raw_path(things: ServiceClient, world: World) -> None:
    thing = f"{THINGS}/{world.one.organization_id}"
    await things.as_(world.one.org_member).get(thing)
    await things.http.get(f"/no/such/{world.one.id}")
    text = (await things.machinery("/metrics")).text
    assert 'method="GET",route="/api/v1/things/{thing_id}",service="things",status="200"' in text
    assert str(world.one.organization_id) not in text
    assert str(world.one.id) not in text


async def test_an_unexpected_error_tells_the_client_nothing_but_its_request_id(things: ServiceClient) -> None:
    reply = await things.http.get(f"{THINGS}/failure", headers={"X-Request-ID": "client-chosen-1"})
    problem = assert_problem(reply, 500, "internal_error")
    assert problem["request_id"] == "client-chosen-1"
    assert "secret detail" not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space in it", "new\nline-id", "-leading-dash"])
async def test_an_unfit_request_id_is_replaced(things: ServiceClient, given: str) -> None:
    headers = [(b"x-request-id", given.encode())]
    reply = await things.http.get(f"{THINGS}/public", headers=headers)
    assert reply.headers["x-request-id"] != given
    assert len(reply.headers["x-request-id"]) == 36


async def test_unknown_paths_and_methods_are_problems(things: ServiceClient) -> None:
    assert_problem(await things.http.get("/nowhere"), 404, "not_found")
    assert_problem(await things.http.delete(f"{THINGS}/public"), 405, "method_not_allowed")


async def test_every_reply_has_security_headers(things: ServiceClient) -> None:
    for path in (f"{THINGS}/public", f"{THINGS}/me", "/nothing/here", "/health"):
        headers = (await things.http.get(path, headers={"Origin": "https://elsewhere.example"})).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "access-control-allow-origin" not in headers


async def test_in_production_browsers_are_told_to_come_by_https_only(
    make_settings: SettingsFactory, issuer: TestIssuer
) -> None:
    plain = {"database_require_tls": False, "redis_require_tls": False}
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, environment="production", **plain)
    async with running(create_app(settings, issuer.source)) as app:
        for path in ("/health", f"{THINGS}/me"):
            told = (await app.http.get(path)).headers["strict-transport-security"]
            assert told == "max-age=31536000; includeSubDomains"


async def test_an_unknown_query_parameter_is_refused_with_the_nearest_known(
    things: ServiceClient, world: World
) -> None:
    reply = await things.as_(world.one.org_member).get(THINGS, params={"limi": 3, "name": "x"})
    problem = assert_problem(reply, 422, "invalid_input", pointer="/query/limi", fault="unknown_parameter")
    assert "`limit`" in problem["errors"][0]["message"]
    assert_problem(await things.http.get(f"{THINGS}/public?debug=1"), 422, pointer="/query/debug")


async def test_input_faults_name_place_and_code(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.tenant_admin)
    reply = await client.post(THINGS, json={"seats": "many", "color": "red"})
    assert_problem(reply, 422, pointer="/body/name", fault="missing")
    assert_problem(reply, 422, pointer="/body/seats", fault="int_parsing")
    assert_problem(reply, 422, pointer="/body/color", fault="extra_forbidden")
    assert reply.json()["detail"] == "3 things are wrong with the input."
    broken = await client.post(THINGS, content=b"{", headers={"content-type": "application/json"})
    problem = assert_problem(broken, 422, pointer="/body", fault="json_invalid")
    assert problem["detail"] == "One thing is wrong with the input."
    problem = assert_problem(await client.get(f"{THINGS}/42"), 422, pointer="/path/thing_id", fault="uuid_parsing")
    assert problem["errors"][0]["message"].startswith("This is not an id; an id is a UUID such as ")


class _Seat(BaseModel):
    number: int


class _Hall(BaseModel):
    title: str
    seats: list[_Seat] | None
    front: _Seat


@pytest.mark.parametrize(
    ("place", "nearest"),
    [
        (("titel",), "title"),
        (("front", "numbr"), "number"),
        (("seats", 3, "nummer"), "number"),
        (("front", "title"), None),
        (("color",), None),
    ],
)
def test_a_misspelt_field_is_answered_with_the_nearest_of_its_own_object(
    place: tuple[str | int, ...], nearest: str | None
) -> None:
    (fault,) = field_errors([{"type": "extra_forbidden", "loc": ("body", *place), "msg": "Extra."}], _Hall)
    assert fault.message == "There is no such field." + (f" Did you mean `{nearest}`?" if nearest else "")


async def test_a_misspelt_field_of_a_body_is_refused_with_the_nearest_known(
    things: ServiceClient, world: World
) -> None:
    reply = await things.as_(world.one.tenant_admin).post(THINGS, json={"name": "A", "seat": 3})
    problem = assert_problem(reply, 422, "invalid_input", pointer="/body/seat", fault="extra_forbidden")
    assert problem["errors"][0]["message"] == "There is no such field. Did you mean `seats`?"


async def test_text_that_cannot_be_stored_is_refused(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.tenant_admin)
    reply = await client.post(THINGS, json={"name": "a\0b"})
    assert_problem(reply, 422, "invalid_input", pointer="/body/name", fault="nul_character")
    reply = await client.get(THINGS, params={"name": "a\0b"})
    assert_problem(reply, 422, "invalid_input", pointer="/query/name", fault="nul_character")
    reply = await client.post(THINGS, json={"name": "A", "seats": 10**10})
    assert assert_problem(reply, 422, "invalid_input")["detail"] == "A value cannot be stored: it is out of range."


async def test_a_body_too_large_is_refused_whether_or_not_its_length_is_declared(
    things: ServiceClient, world: World
) -> None:
    client = things.as_(world.one.org_member)

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(10):
            yield b"x" * 1000

    assert_problem(await client.post(THINGS, content=b"x" * 2049), 413, "payload_too_large")
    assert_problem(await client.post(f"{THINGS}/upload", content=chunks()), 413, "payload_too_large")
    accepted = await client.post(f"{THINGS}/upload", content=b"x" * 4096)
    assert accepted.json() == {"size": 4096}
    json_body = {"content-type": "application/json"}
    assert_problem(await client.post(f"{THINGS}/secret", content=b"x" * 4000, headers=json_body), 413)


async def test_two_applications_live_in_one_process(make_settings: SettingsFactory, issuer: TestIssuer) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS)
    async with running(create_app(settings, issuer.source)) as one, running(create_app(settings, issuer.source)) as two:
        await one.http.get(f"{THINGS}/public")
        assert f'route="{THINGS}/public"' in (await one.machinery("/metrics")).text
        assert f'route="{THINGS}/public"' not in (await two.machinery("/metrics")).text


def test_operations_say_who_may_call_them(make_settings: SettingsFactory, issuer: TestIssuer) -> None:
    app = create_app(make_settings(VerifierSettings, DatabaseRole.TENANTS), issuer.source)
    public = {path for _, path in public_operations(app)}
    assert public == {f"{THINGS}/public", f"{THINGS}/failure", "/health", "/ready", "/metrics"}
    create = next(o for o in operations(app) if (o.method, o.path) == ("POST", THINGS))
    assert create.permissions == {"audit:read"}


async def test_the_openapi_document_names_problems_for_every_operation(things: ServiceClient) -> None:
    document = (await things.http.get("/openapi.json")).json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    change = document["paths"][f"{THINGS}/{{thing_id}}"]["patch"]
    assert change["operationId"] == "change_thing"
    assert {"200", "401", "403", "404", "409", "412", "413", "422", "429", "503"} <= set(change["responses"])
    assert {"if-match", "idempotency-key"} <= {p["name"].lower() for p in change["parameters"]}
    assert "401" not in document["paths"][f"{THINGS}/public"]["get"]["responses"]


async def test_a_request_that_fails_to_commit_never_answers_success(things: ServiceClient, world: World) -> None:
    reply = await things.as_(world.one.org_member).post(f"{THINGS}/commit-failure")
    assert_problem(reply, 403, "forbidden")


async def test_the_access_log_has_the_route_and_ids_of_a_path_and_no_other_value(
    things: ServiceClient, world: World
) -> None:
    client, address = things.as_(world.one.tenant_admin), "ada@bank.example"
    with capture_logs() as written:
        await client.get(f"{THINGS}/{world.one.organization_id}")
        await client.get(f"{THINGS}/{address}")
        await client.get(f"/api/v1/nothing/{address}", params={"search": address})
    shown = [line["path"] for line in written if line["event"] == "request"]
    assert shown == [f"{THINGS}/{world.one.organization_id}", f"{THINGS}/{{thing_id}}", None]
    assert address not in str(written)


@pytest.mark.parametrize("who", ["org_member", "org_admin", "user"])
async def test_a_refusal_is_logged_with_its_caller_and_the_operation(
    things: ServiceClient, world: World, who: str
) -> None:
    caller = world.user if who == "user" else getattr(world.one, who)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as written:
        reply = await things.as_(caller).post(THINGS, json={"name": "Mine"})
    assert reply.status_code == 403
    (line,) = [line for line in written if line["event"] == "authorization denied"]
    assert (line["log_level"], line["method"], line["operation"]) == ("warning", "POST", "create_thing")
    assert (line["user_id"], line["tenant_id"]) == (str(caller.user_id), str(caller.tenant_id))
    assert line["request_id"] == reply.headers["x-request-id"]
    assert line["reason"].startswith("This needs the permission")
    (request,) = [line for line in written if line["event"] == "request"]
    assert (request["request_id"], request["tenant_id"]) == (line["request_id"], line["tenant_id"])


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Bearer eyJhbGciOiJub25lIn0.e30."])
async def test_a_failed_authentication_is_logged_with_its_address_and_without_the_token(
    things: ServiceClient, authorization: str | None
) -> None:
    with capture_logs() as written:
        reply = await things.http.get(
            f"{THINGS}/me", headers={} if authorization is None else {"Authorization": authorization}
        )
    assert reply.status_code == 401
    (line,) = [line for line in written if line["event"] == "authentication failed"]
    assert (line["operation"], line["client"]) == ("read_me", "203.0.113.7")
    assert "nonsense" not in str(written)
    assert "eyJ" not in str(written)
