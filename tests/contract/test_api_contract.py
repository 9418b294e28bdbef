"""The services' documents merge into one, and hold the API that was promised."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.applications import Application

from accunode_devstack.openapi import merge_documents

PROMISED = """
POST /auth/register
POST /auth/verify-email
POST /auth/login
POST /auth/mfa/challenge
POST /auth/refresh
POST /auth/logout
POST /auth/logout-all
GET /auth/sessions
DELETE /auth/sessions/{}
POST /auth/change-password
POST /auth/forgot-password
POST /auth/reset-password
POST /auth/change-email
POST /auth/change-email/confirm
POST /auth/step-up
POST /auth/mfa/totp
POST /auth/mfa/totp/confirm
DELETE /auth/mfa/totp
GET /auth/mfa
POST /auth/mfa/recovery-codes
POST /auth/mfa/challenge/options
POST /auth/step-up/options
GET /auth/passkeys
POST /auth/passkeys/options
POST /auth/passkeys
PATCH /auth/passkeys/{}
DELETE /auth/passkeys/{}
POST /auth/passkeys/sign-in/options
POST /auth/passkeys/sign-in
POST /auth/enrolment/totp
POST /auth/enrolment/totp/confirm
POST /auth/enrolment/passkey/options
POST /auth/enrolment/passkey
POST /auth/switch
GET /auth/api-keys
POST /auth/api-keys
DELETE /auth/api-keys/{}
GET /.well-known/jwks.json
GET /users/me
PATCH /users/me
GET /users
POST /users
GET /users/{}
PATCH /users/{}
DELETE /users/{}
PUT /users/{}/role
POST /users/{}/activate
POST /users/{}/deactivate
POST /users/{}/unlock
GET /tenants
POST /tenants
GET /tenants/{}
PATCH /tenants/{}
DELETE /tenants/{}
GET /tenants/{}/stats
GET /tenants/{}/admins
POST /tenants/{}/admins
DELETE /tenants/{}/admins/{}
GET /organizations
POST /organizations
GET /organizations/{}
PATCH /organizations/{}
DELETE /organizations/{}
GET /organizations/{}/members
POST /organizations/{}/members
DELETE /organizations/{}/members/{}
POST /organizations/{}/join-token
DELETE /organizations/{}/join-token
POST /organizations/join
GET /organizations/{}/whitelist
POST /organizations/{}/whitelist
DELETE /organizations/{}/whitelist/{}
GET /organizations/{}/global-data-access
PUT /organizations/{}/global-data-access
GET /audit-events
GET /audit-events/export
GET /audit-events/verify
GET /companies
POST /companies
GET /companies/{}
PATCH /companies/{}
DELETE /companies/{}
GET /companies/by-symbol/{}
GET /companies/{}/history
GET /companies/{}/outcomes
POST /companies/{}/outcomes
DELETE /companies/{}/outcomes/{}
GET /companies/outcomes
POST /companies/outcomes
POST /companies/outcomes/csv
POST /predictions/annual
POST /predictions/quarterly
POST /predictions/statement
GET /predictions/annual
GET /predictions/quarterly
GET /predictions/statement
GET /predictions/annual/system
GET /predictions/quarterly/system
GET /predictions/statement/system
GET /predictions/{}/{}
PUT /predictions/annual/{}
PUT /predictions/quarterly/{}
PUT /predictions/statement/{}
DELETE /predictions/{}/{}
GET /predictions/{}/{}/explanation
GET /predictions/{}/{}/versions
POST /predictions/annual/score
POST /predictions/quarterly/score
POST /predictions/statement/score
POST /predictions/annual/what-if
POST /predictions/quarterly/what-if
POST /predictions/statement/what-if
GET /predictions/{}/export
GET /predictions/stats
GET /portfolio/dashboard
GET /portfolio/migration
POST /portfolio/stress
POST /portfolio/rescore
GET /models
GET /models/{}/{}
GET /models/{}/{}/card
POST /models/{}/{}/drift
PUT /models/{}/active
GET /bulk-uploads/templates/{}
POST /bulk-uploads
GET /bulk-uploads
GET /bulk-uploads/{}
GET /bulk-uploads/{}/events
GET /bulk-uploads/{}/results
GET /bulk-uploads/{}/errors
POST /bulk-uploads/{}/cancel
POST /bulk-uploads/{}/retry
DELETE /bulk-uploads/{}
GET /jobs/{}
POST /jobs/{}/cancel
GET /jobs
GET /scaling/status
GET /scaling/metrics
GET /scaling/recommendation
GET /scaling/policy
PUT /scaling/policy
GET /scaling/history
"""


@pytest.fixture(scope="module")
def document(applications: list[Application]) -> dict[str, Any]:
    return merge_documents([application.document for application in applications])


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def shape(route: str) -> str:
    """A route without its prefix and the names of its parameters."""
    method, _, path = route.partition(" ")
    parts = ["{}" if part.startswith("{") else part for part in path.removeprefix("/api/v1").split("/")]
    return f"{method} {'/'.join(parts)}"


def test_every_promised_route_is_there(document: dict[str, Any]) -> None:
    routes = {shape(name) for name, _ in operations(document)}
    assert {line for line in PROMISED.split("\n") if line} - routes == set()


def test_operation_ids_are_unique_and_readable(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not name.isidentifier() or name != name.lower()] == []


def test_nothing_of_the_machinery_is_in_the_document(document: dict[str, Any]) -> None:
    outside = {path for path in document["paths"] if not path.startswith(("/api/v1/", "/.well-known/"))}
    assert outside == set()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(document)):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_whatever_names_the_model_that_scored_links_its_card(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        properties = schema.get("properties", {})
        if {"model_version", "pd"} <= properties.keys() and name not in LINKED_BY_THE_PREDICTION:
            assert "card_url" in schema["required"], name
            assert properties["card_url"]["description"], name
            assert properties["card_url"]["examples"], name


LINKED_BY_THE_PREDICTION = {"ResultRow"}
"""A row of an upload's results names its prediction, which has the link."""


def test_lists_page_the_same_way(document: dict[str, Any]) -> None:
    """A reply with a `next_cursor` belongs to a route that takes `limit`, `cursor` and `with_total`."""
    for name, operation in operations(document):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref", "")
        schema = document["components"]["schemas"].get(reference.rsplit("/", 1)[-1], {})
        if "next_cursor" in schema.get("properties", {}):
            known = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert {"limit", "cursor", "with_total"} <= known, name
            assert set(schema["required"]) >= {"items", "next_cursor", "total"}, name


def test_changes_take_an_idempotency_key(document: dict[str, Any]) -> None:
    """But those whose reply holds a secret, and those of nobody signed in."""
    without = set()
    for name, operation in operations(document):
        if name.startswith(("POST", "PUT", "PATCH", "DELETE")) and operation.get("security"):
            known = {parameter["name"] for parameter in operation.get("parameters", [])}
            if "Idempotency-Key" not in known and "idempotency-key" not in known:
                without.add(operation["operationId"])
    assert without == REPLIES_ARE_NOT_KEPT


REPLIES_ARE_NOT_KEPT = {
    "request_email_change",
    "add_passkey",
    "begin_passkey",
    "begin_step_up",
    "renew_recovery_codes",
    "step_up",
    "complete_sso_link",
    "log_out_of_sso",
    "save_sso_connection",
    "start_sso_link",
    "change_password",
    "confirm_authenticator",
    "create_api_key",
    "create_scim_token",
    "delete_own_account",
    "enrol_authenticator",
    "remove_authenticator",
    "renew_join_token",
    "switch_membership",
}
"""Operations whose request or reply holds a secret, which must not be stored."""
