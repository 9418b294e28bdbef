"""Every route is in its place, says who may call it, and describes itself completely."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from tests.applications import Application

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.http.operations import Operation, calls_of
from accunode_common.http.operations import operations as every_operation
from accunode_common.routing import API_PREFIX, SERVICES
from accunode_common.testing.routes import service_for

PUBLIC = {
    ("GET", "/.well-known/jwks.json"): "everybody verifies tokens",
    ("POST", "/api/v1/auth/register"): "begins an account",
    ("POST", "/api/v1/auth/verify-email"): "holds a mailed token",
    ("POST", "/api/v1/auth/login"): "begins a session",
    ("POST", "/api/v1/auth/mfa/challenge"): "holds a challenge",
    ("POST", "/api/v1/auth/mfa/challenge/options"): "holds a challenge",
    ("POST", "/api/v1/auth/passkeys/sign-in/options"): "begins a session",
    ("POST", "/api/v1/auth/passkeys/sign-in"): "begins a session",
    ("POST", "/api/v1/auth/enrolment/totp"): "holds a challenge",
    ("POST", "/api/v1/auth/enrolment/totp/confirm"): "holds a challenge",
    ("POST", "/api/v1/auth/enrolment/passkey/options"): "holds a challenge",
    ("POST", "/api/v1/auth/enrolment/passkey"): "holds a challenge",
    ("POST", "/api/v1/auth/change-email/confirm"): "holds a mailed token",
    ("POST", "/api/v1/auth/invitations/accept"): "holds a mailed token",
    ("POST", "/api/v1/auth/refresh"): "holds a refresh token",
    ("POST", "/api/v1/auth/forgot-password"): "cannot sign in",
    ("POST", "/api/v1/auth/reset-password"): "holds a mailed token",
    ("POST", "/api/v1/auth/api-keys/token"): "holds an API key",
    ("GET", "/api/v1/auth/sso/{tenant}/start"): "begins a session",
    ("GET", "/api/v1/auth/sso/callback"): "comes from a provider, with a state of this service",
    ("POST", "/api/v1/auth/sso/token"): "holds a code of the callback",
    ("POST", "/api/v1/auth/sso/{tenant}/backchannel-logout"): "holds a token that a tenant's provider signed",
    **dict.fromkeys(
        (
            ("GET", "/api/v1/scim/v2/ServiceProviderConfig"),
            ("GET", "/api/v1/scim/v2/ResourceTypes"),
            ("GET", "/api/v1/scim/v2/ResourceTypes/{name}"),
            ("GET", "/api/v1/scim/v2/Schemas"),
            ("GET", "/api/v1/scim/v2/Schemas/{name}"),
            ("GET", "/api/v1/scim/v2/{rest}"),
            ("POST", "/api/v1/scim/v2/.search"),
            ("POST", "/api/v1/scim/v2/Users/.search"),
            ("GET", "/api/v1/scim/v2/Users"),
            ("POST", "/api/v1/scim/v2/Users"),
            ("GET", "/api/v1/scim/v2/Users/{user_id}"),
            ("PUT", "/api/v1/scim/v2/Users/{user_id}"),
            ("PATCH", "/api/v1/scim/v2/Users/{user_id}"),
            ("DELETE", "/api/v1/scim/v2/Users/{user_id}"),
            ("GET", "/api/v1/scim/v2/Groups"),
            ("POST", "/api/v1/scim/v2/Groups"),
            ("GET", "/api/v1/scim/v2/Groups/{group_id}"),
            ("PUT", "/api/v1/scim/v2/Groups/{group_id}"),
            ("PATCH", "/api/v1/scim/v2/Groups/{group_id}"),
            ("DELETE", "/api/v1/scim/v2/Groups/{group_id}"),
        ),
        "holds a provisioning token of a tenant",
    ),
}
"""The routes that nobody need be signed in for, and why."""

STEP_UP = {
    ("POST", "/api/v1/auth/mfa/totp"): "enrols a factor",
    ("DELETE", "/api/v1/auth/mfa/totp"): "removes a factor",
    ("POST", "/api/v1/auth/mfa/recovery-codes"): "makes what stands in for a factor",
    ("POST", "/api/v1/auth/passkeys/options"): "enrols a factor",
    ("DELETE", "/api/v1/auth/passkeys/{passkey_id}"): "removes a factor",
    ("POST", "/api/v1/auth/change-email"): "changes the address",
    ("DELETE", "/api/v1/users/me"): "ends the account",
    ("POST", "/api/v1/auth/api-keys"): "hands out power",
    ("POST", "/api/v1/auth/scim-tokens"): "hands out power",
    ("PUT", "/api/v1/auth/sso/connection"): "decides who vouches for the tenant's people",
    ("POST", "/api/v1/auth/sso/domains/{domain}/confirm"): "decides whose addresses a tenant vouches for",
}
"""The routes that ask to show again who one is, and why."""

Operations = list[tuple[Application, Operation]]


def runs_on_the_loop(call: Callable[..., Any]) -> bool:
    """Whether FastAPI awaits the dependency or handler where it is."""
    function = call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


@pytest.fixture(scope="module")
def operations(applications: list[Application]) -> Operations:
    found = [
        (application, operation)
        for application in applications
        for operation in every_operation(application.app)
        if operation.in_schema or operation.path.startswith(API_PREFIX)
    ]
    assert len(found) > 50
    return found


def test_prefixes_do_not_overlap() -> None:
    prefixes = [prefix for service in SERVICES for prefix in service.prefixes]
    for prefix in prefixes:
        overlapping = [other for other in prefixes if other != prefix and f"{other}/".startswith(f"{prefix}/")]
        assert overlapping == [], prefix


def test_every_route_lies_under_one_prefix_of_its_own_service(operations: Operations) -> None:
    strays = []
    for application, operation in operations:
        matching = [
            (service.name, prefix)
            for service in SERVICES
            for prefix in service.prefixes
            if f"{operation.path}/".startswith(f"{prefix}/")
        ]
        if [name for name, _ in matching] != [application.service.name]:
            strays.append((operation.path, matching))
        found = service_for(operation.path)
        assert found is application.service, operation.path
    assert strays == []


def test_every_prefix_has_a_route(operations: Operations) -> None:
    unused = {
        prefix
        for service in SERVICES
        for prefix in service.prefixes
        if not any(f"{operation.path}/".startswith(f"{prefix}/") for _, operation in operations)
    }
    assert unused == EMPTY_PREFIXES


def test_the_public_routes_are_the_listed_ones(operations: Operations) -> None:
    public = {(operation.method, operation.path) for _, operation in operations if operation.public}
    assert public - set(PUBLIC) == set(), "add these to the list only with a reason"
    assert set(PUBLIC) - public == set(), "these are public no longer, or gone"


def test_the_routes_that_ask_again_who_one_is_are_the_listed_ones(operations: Operations) -> None:
    assert {(operation.method, operation.path) for _, operation in operations if operation.step_up} == set(STEP_UP)


def test_what_handlers_depend_on_runs_on_the_event_loop(applications: list[Application]) -> None:
    assert {name for application in applications for name in _in_threads(application.app)} == set()


def test_a_dependency_that_would_run_in_a_thread_is_found() -> None:
    def inner() -> None: ...

    class Trail:
        def __init__(self, inner: Annotated[None, Depends(inner)]) -> None: ...

    async def handler(trail: Annotated[Trail, Depends(Trail)]) -> None: ...

    app = FastAPI()
    app.get("/")(handler)
    assert [name.rpartition(".")[2] for name in _in_threads(app)] == ["Trail", "inner"]


def _in_threads(app: FastAPI) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for call in calls_of(context.dependant):
                if not runs_on_the_loop(call):
                    yield f"{call.__module__}.{getattr(call, '__qualname__', call)}"


def test_no_two_routes_have_the_same_operation_id(operations: Operations) -> None:
    names = Counter(operation.name for _, operation in operations)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_permission_is_given_and_needed(operations: Operations) -> None:
    given = {permission for grant in GRANTS.values() for permission in grant.permissions}
    assert set(GRANTS) == set(Role)
    assert given == set(Permission)
    needed = {permission for _, operation in operations for permission in operation.permissions}
    assert set(Permission) - needed - NEEDED_INSIDE == NOT_SERVED_YET


NEEDED_INSIDE = {Permission.SYSTEM_RECORD_WRITE}
"""Permissions that depend on what the body says, so that no route needs them always."""

NOT_SERVED_YET: set[Permission] = set()
"""Permissions of operations that the roles have and no service answers so far."""

EMPTY_PREFIXES: set[str] = set()
"""Prefixes that are routed and have no route so far."""


def test_a_higher_role_may_do_what_a_lower_one_may() -> None:
    ranked = sorted(GRANTS.values(), key=lambda grant: grant.rank)
    for lower, higher in pairwise(ranked):
        assert lower.permissions <= higher.permissions


def described(applications: list[Application]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for application in applications:
        for path, item in application.document["paths"].items():
            for method, operation in item.items():
                yield f"{method.upper()} {path}", operation, application.document


def test_every_operation_describes_itself(applications: list[Application]) -> None:
    for name, operation, _ in described(applications):
        assert operation.get("operationId"), name
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert len(operation.get("tags", [])) == 1, name
        for parameter in operation.get("parameters", []):
            assert parameter.get("schema") is not None, name
            assert parameter.get("description"), f"{name}: {parameter['name']}"


def test_every_field_describes_itself(applications: list[Application]) -> None:
    silent = set()
    for application in applications:
        schemas = application.document["components"]["schemas"]
        for title, schema in schemas.items():
            for name, field in schema.get("properties", {}).items():
                group = schemas.get(field.get("$ref", "").rpartition("/")[2], {})
                if not field.get("description") and not (group.get("properties") and group.get("description")):
                    silent.add(f"{title}.{name}")
    assert silent == set(), "only a group of fields may leave its description to its own"


def test_every_operation_describes_its_errors(applications: list[Application]) -> None:
    for name, operation, _ in described(applications):
        responses = operation["responses"]
        assert any(status.startswith("2") for status in responses), name
        needed = {"422", "429", "500", "503"}
        if operation.get("security"):
            needed |= {"401", "403"}
        if "{" in name:
            needed.add("404")
        assert needed <= set(responses), name
        for status, response in responses.items():
            if status.startswith(("4", "5")):
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{name} {status}"


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[1]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def reachable(document: dict[str, Any], node: Any) -> dict[str, dict[str, Any]]:
    schemas, found, open_names = document["components"]["schemas"], {}, set(references(node))
    while open_names:
        name = open_names.pop()
        if name not in found:
            found[name] = schemas[name]
            open_names |= set(references(schemas[name]))
    return found


def test_every_field_of_a_reply_is_always_there(applications: list[Application]) -> None:
    loose = set()
    for name, operation, document in described(applications):
        replies = [reply for status, reply in operation["responses"].items() if status.startswith("2")]
        for title, schema in reachable(document, replies).items():
            missing = set(schema.get("properties", {})) - set(schema.get("required", []))
            loose |= {f"{name}: {title}.{field}" for field in missing}
    assert loose == set()


BODIES = {"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/csv"}


def test_bodies_refuse_fields_that_they_do_not_know(applications: list[Application]) -> None:
    lax = set()
    for name, operation, document in described(applications):
        content = operation.get("requestBody", {}).get("content", {})
        assert set(content) <= {
            "application/json",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "text/csv",
        }, name
        body = content.get("application/json", {})
        for title, schema in reachable(document, body).items():
            if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
                lax.add(f"{name}: {title}")
    assert lax == set()
