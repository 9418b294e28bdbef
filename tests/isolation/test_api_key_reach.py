"""What an API key may call: one readable table, held against every operation of every service."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from tests.applications import Running
from tests.isolation.calls import PARAMETER, Call
from tests.isolation.things import a_symbol

from accunode_common.auth.roles import KEY_PERMISSIONS, Permission
from accunode_common.ids import new_id
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World

TABLE: dict[str, str] = {
    "audit:read": "list_audit_events export_audit_events verify_audit_events",
    "bulk_upload:read": "get_bulk_upload_template list_bulk_uploads get_bulk_upload follow_bulk_upload"
    " list_bulk_upload_results list_bulk_upload_errors",
    "bulk_upload:write": "create_bulk_upload cancel_bulk_upload retry_bulk_upload delete_bulk_upload",
    "company:read": "list_companies get_company get_company_by_symbol get_company_history list_outcomes"
    " list_company_outcomes",
    "company:write": "create_company update_company delete_company create_outcome create_outcomes"
    " create_outcomes_from_csv delete_outcome",
    "job:cancel": "cancel_job",
    "job:read": "list_jobs get_job",
    "model:monitor": "report_drift",
    "model:read": "list_models get_master_scale get_model get_model_card",
    "portfolio:analyse": "get_portfolio_migration stress_portfolio",
    "portfolio:read": "get_portfolio_dashboard",
    "portfolio:rescore": "rescore_portfolio",
    "prediction:read": "list_annual_predictions list_system_annual_predictions list_quarterly_predictions"
    " list_system_quarterly_predictions list_statement_predictions list_system_statement_predictions"
    " score_annual_rows score_quarterly_rows score_statement_rows ask_annual_what_if ask_quarterly_what_if"
    " ask_statement_what_if get_prediction_statistics export_predictions get_prediction list_prediction_versions"
    " explain_prediction",
    "prediction:write": "create_annual_prediction create_quarterly_prediction create_statement_prediction"
    " rescore_annual_prediction rescore_quarterly_prediction rescore_statement_prediction delete_prediction",
    "scaling:read": "get_scaling_status get_scaling_metrics get_scaling_recommendation get_scaling_policy"
    " list_scaling_decisions",
    "system_record:write": "",
}
"""The operations that each scope opens by itself; every other operation refuses every key."""

PATHS = {"kind": "annual", "version": "1.0.0", "email": "nobody@nowhere.example"}


def key_of(owner: Caller, issuer: TestIssuer, *scopes: Permission) -> Caller:
    """A key with those scopes, exchanged for a token."""
    subject = replace(owner.subject, session_id=new_id(), scope=frozenset(scopes))
    return replace(owner, subject=subject, token=issuer.token(subject, issued_at=datetime.now(UTC)))


def refused(reply: httpx.Response) -> bool:
    """Whether the reply says that the caller may not call this at all."""
    told = reply.json()["detail"] if reply.status_code == 403 else ""
    return told.startswith("This needs the permission ") or told == "An API key cannot do this; sign in."


async def opened(calls: dict[str, Call], key: Caller) -> set[str]:
    """The operations that let the key in; each is called."""
    found = set()
    for name, call in calls.items():
        if call.operation.public:
            continue
        parameters = PARAMETER.findall(call.operation.path)
        ids = {name: str(new_id()) for name in parameters} | {"symbol": a_symbol()} | PATHS
        reply = await call.send(key, ids)
        assert reply.status_code not in {401, 429}, f"{name}: {reply.text}"
        if not refused(reply):
            found.add(name)
    return found


def test_the_table_has_a_row_for_every_scope_that_a_key_can_have() -> None:
    assert set(TABLE) == KEY_PERMISSIONS


@pytest.mark.parametrize("scope", sorted(TABLE))
async def test_a_key_opens_the_operations_of_its_scope_and_no_other(
    calls: dict[str, Call], world: World, issuer: TestIssuer, scope: str
) -> None:
    key = key_of(world.super_admin, issuer, Permission(scope))
    assert await opened(calls, key) == set(TABLE[scope].split())


async def test_scopes_of_people_and_tenants_open_nothing_to_a_key_whatever_its_token_says(
    calls: dict[str, Call], world: World, issuer: TestIssuer
) -> None:
    key = key_of(world.super_admin, issuer, *set(Permission) - KEY_PERMISSIONS)
    assert await opened(calls, key) == set()


async def test_a_key_neither_ends_its_owners_sessions_nor_reads_the_profile(
    services: list[Running], world: World, issuer: TestIssuer
) -> None:
    owner = world.one.org_member
    auth = next(service.client for service in services if service.application.service.name == "auth")
    key = auth.as_(key_of(owner, issuer, Permission.COMPANY_READ))
    for method, path in (
        ("POST", "/api/v1/auth/logout-all"),
        ("POST", "/api/v1/auth/logout"),
        ("GET", "/api/v1/auth/sessions"),
        ("GET", "/api/v1/users/me"),
    ):
        assert refused(await key.request(method, path)), path
    assert (await auth.as_(owner).get("/api/v1/users/me")).status_code == 200, "the owner's own tokens go on"
