"""The isolation matrix: which pattern of `patterns.py` each operation has, and how it is asked. Review both.

To add a row for a new operation, write one line in ROWS: its operation id and the name of a pattern.

    row("archive_company", "change a record")

The request is the example of the operation's documentation, with the target's ids in its path. Where that does not do,
say `body={"company_id": "{company_id}"}` (a value in braces is one of the target's ids; `...` leaves a field out),
`query={"from_year": "2020"}`, `job="failed"` (the state of the target's job), or write a step in `steps.py`. `owner`
says who of the target's tenant must succeed with the very requests that strangers were refused. A path parameter that
no thing has yet is made in `things.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.patterns import patterns


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the matrix says of one operation.

    Attributes:
        name: The operation's id.
        pattern: The pattern of its cells.
        body: Fields of the body that differ from the documented example.
        query: Query parameters.
        owner: Who of the target's tenant succeeds where strangers were refused: a field of `TenantWorld`, `maker` for
            whoever made the thing, or `super_admin`.
        job: The state of the target's job.
        kinds: The kinds of predictions that the row is tried with.
    """

    name: str
    pattern: str
    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    owner: str = "maker"
    job: str = "completed"
    kinds: tuple[str, ...] = ("annual",)

    @property
    def cells(self) -> Mapping[str, Mapping[str, str]]:
        """What each caller gets, by target."""
        return patterns()[self.pattern]


def row(name: str, pattern: str, **options: Any) -> Row:
    """A row of the matrix."""
    return Row(name=name, pattern=pattern, **options)


ALL_KINDS = ("annual", "quarterly", "statement")
_NEW = "new-{fresh}@bank.example"
_THERE = {"organization_id": "{organization_id}", "tenant_id": "{tenant_id}"}
_RENAMED = {"name": "Desk {fresh}", "max_users": ...}
_OUTCOME = {"symbol": "{symbol}", "defaulted_on": "2024-05-06", "event": "bankruptcy"}
_FOR_COMPANY = {"company": ..., "access_level": ..., "company_id": "{company_id}", "fiscal_year": 2022}

_BROWSER = {"id": "{credential_id}", "rawId": "{credential_id}", "type": "public-key"}
_MADE_PASSKEY = {
    "label": "key",
    "credential": {
        **_BROWSER,
        "response": {"clientDataJSON": "{clientDataJSON}", "attestationObject": "{attestationObject}"},
    },
}
_SHOWN_PASSKEY = {
    **_BROWSER,
    "response": {name: f"{{{name}}}" for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle")},
}
_PASSWORD_ALONE = {
    "code": ...,
    "passkey": ...,
    "recent_sign_in": ...,
    "password": "correct horse battery staple",
}

ROWS = (
    # Signing in and out, and one's own account.
    row("log_in", "open to anybody", body={"email": "{address}"}),
    row("complete_challenge", "open to anybody", body={"challenge": "{challenge}", "code": "{code}", "passkey": ...}),
    row("begin_challenge", "open to anybody", body={"challenge": "{challenge}"}),
    row("begin_passkey_sign_in", "open to anybody"),
    row("sign_in_with_passkey", "open to anybody", body={"credential": _SHOWN_PASSKEY}),
    row("begin_required_authenticator", "open to anybody", body={"challenge": "{token}"}),
    row("confirm_required_authenticator", "open to anybody", body={"challenge": "{token}", "code": "{code}"}),
    row("begin_required_passkey", "open to anybody", body={"challenge": "{token}"}),
    row("add_required_passkey", "open to anybody", body={"challenge": "{token}", **_MADE_PASSKEY}),
    row("refresh_tokens", "open to anybody", body={"refresh_token": "{refresh_token}"}),
    row("register", "open to anybody", body={"email": _NEW}),
    row("verify_email", "open to anybody", body={"token": "{token}", "password": "correct horse battery staple"}),
    row("request_password_reset", "open to anybody", body={"email": "{address}"}),
    row("reset_password", "open to anybody", body={"token": "{token}"}),
    row("exchange_api_key", "open to anybody", body={"api_key": "{api_key}"}),
    row("read_key_set", "open to anybody"),
    row("switch_membership", "change what is mine", body={"membership_id": "{membership_id}"}),
    row("log_out", "use in person"),
    row("log_out_everywhere", "use in person"),
    row("list_sessions", "list what is mine"),
    row("end_session", "change what is mine"),
    row("change_password", "use in person"),
    row("request_email_change", "use in person", body={"email": _NEW}),
    row(
        "confirm_email_change", "open to anybody", body={"token": "{token}", "password": "correct horse battery staple"}
    ),
    row("enrol_authenticator", "use in person"),
    row("confirm_authenticator", "use in person", body={"code": "{code}"}),
    row("remove_authenticator", "use in person", body={"code": "{code}"}),
    row("read_second_factors", "use in person"),
    row("renew_recovery_codes", "use in person"),
    row("list_passkeys", "list what is mine"),
    row("begin_passkey", "use in person"),
    row("add_passkey", "use in person", body=_MADE_PASSKEY),
    row("rename_passkey", "change what is mine"),
    row("remove_passkey", "change what is mine"),
    row("begin_step_up", "use in person"),
    row("list_api_keys", "list what is mine"),
    row("create_api_key", "use in person"),
    row("revoke_api_key", "change what is mine"),
    row("read_profile", "use in person"),
    row(
        "step_up",
        "use in person",
        body={"code": ..., "passkey": ..., "recent_sign_in": ..., "password": "correct horse battery staple"},
    ),
    row("change_profile", "use in person"),
    row("delete_own_account", "use in person"),
    row("leave", "leave a place", body={}),
    # People.
    row("list_users", "list people"),
    row(
        "create_user",
        "run an organization",
        owner="org_admin",
        body={"email": _NEW, "organization_id": "{organization_id}", "tenant_id": "{tenant_id}"},
    ),
    row("read_user", "manage a person", owner="org_admin"),
    row("change_user", "look after an account", owner="super_admin"),
    row("delete_user", "manage a person", owner="org_admin"),
    row("change_user_role", "give a person a role", owner="org_admin"),
    row("suspend_user", "manage a membership", owner="org_admin"),
    row("resume_user", "manage a membership", owner="org_admin"),
    row("deactivate_user", "look after an account", owner="super_admin"),
    row("activate_user", "look after an account", owner="super_admin"),
    row("unlock_user", "look after an account", owner="super_admin"),
    # Invitations.
    row("list_invitations", "list invitations", owner="org_admin"),
    row("read_invitation", "run an organization", owner="org_admin"),
    row("withdraw_invitation", "run an organization", owner="org_admin"),
    row("resend_invitation", "run an organization", owner="org_admin"),
    row("list_own_invitations", "use in person"),
    row("accept_invitation", "accept an invitation"),
    row("decline_invitation", "change what is mine"),
    row("accept_invitation_with_token", "open to anybody", body={"token": "{token}"}),
    # Tenants.
    row("list_tenants", "list tenants"),
    row("create_tenant", "use as the platform", body={"slug": "bank-{fresh}", "name": "Bank {fresh}"}),
    row("get_tenant", "read a tenant", owner="tenant_admin"),
    row("update_tenant", "read a tenant", owner="tenant_admin", body={"name": ...}),
    row("delete_tenant", "run a tenant", owner="super_admin"),
    row("get_tenant_stats", "read a tenant", owner="tenant_admin"),
    row("get_central_tendency", "read a tenant", owner="tenant_admin", kinds=ALL_KINDS),
    row("set_central_tendency", "read a tenant", owner="tenant_admin", kinds=ALL_KINDS, body={"rate": 0.02}),
    row("list_tenant_admins", "read a tenant", owner="tenant_admin"),
    row("add_tenant_admin", "run a tenant", owner="super_admin", body={"email": _NEW}),
    row("remove_tenant_admin", "run a tenant", owner="super_admin"),
    # Organizations.
    row("join_organization", "join an organization", body={"token": "{token}"}),
    row("renew_join_token", "run an organization", owner="org_admin"),
    row("disable_join_token", "run an organization", owner="org_admin"),
    row("list_organizations", "list organizations"),
    row("create_organization", "add to a tenant", owner="tenant_admin", body={"tenant_id": "{tenant_id}"}),
    row("get_organization", "read an organization"),
    row("update_organization", "run an organization", owner="org_admin", body=_RENAMED),
    row("delete_organization", "run organizations", owner="tenant_admin"),
    row("list_members", "run an organization", owner="org_admin"),
    row("add_member", "run an organization", owner="org_admin", body={"email": _NEW}),
    row("remove_member", "run an organization", owner="org_admin"),
    row("list_whitelist", "run an organization", owner="org_admin"),
    row("add_to_whitelist", "run an organization", owner="org_admin"),
    row("remove_from_whitelist", "run an organization", owner="org_admin"),
    row("get_global_data_access", "run an organization", owner="org_admin"),
    row("set_global_data_access", "run an organization", owner="org_admin"),
    # The trail.
    row("list_audit_events", "read the trail"),
    row("export_audit_events", "read the trail"),
    row("verify_audit_events", "check the trail"),
    # Companies and their outcomes.
    row("list_companies", "list records"),
    row("create_company", "use"),
    row("get_company_by_symbol", "read a record"),
    row("get_company", "read a record"),
    row("update_company", "change a record"),
    row("delete_company", "change a record"),
    row("get_company_history", "read a record"),
    row("list_outcomes", "sum up own records"),
    row(
        "create_outcomes",
        "use",
        body={"items": [_OUTCOME]},
    ),
    row("create_outcomes_from_csv", "use"),
    row("list_company_outcomes", "read a record"),
    row("create_outcome", "add to a record"),
    row("delete_outcome", "change a record"),
    # Predictions.
    row("create_annual_prediction", "add to a record", body=_FOR_COMPANY),
    row("create_quarterly_prediction", "add to a record", body=_FOR_COMPANY),
    row("create_statement_prediction", "add to a record", body=_FOR_COMPANY),
    row("list_annual_predictions", "sum up own records"),
    row("list_quarterly_predictions", "sum up own records", kinds=("quarterly",)),
    row("list_statement_predictions", "sum up own records", kinds=("statement",)),
    row("list_system_annual_predictions", "list the system's"),
    row("list_system_quarterly_predictions", "list the system's", kinds=("quarterly",)),
    row("list_system_statement_predictions", "list the system's", kinds=("statement",)),
    row("rescore_annual_prediction", "change a record"),
    row("rescore_quarterly_prediction", "change a record", kinds=("quarterly",)),
    row("rescore_statement_prediction", "change a record", kinds=("statement",)),
    row("score_annual_rows", "use"),
    row("score_quarterly_rows", "use"),
    row("score_statement_rows", "use"),
    row("ask_annual_what_if", "use"),
    row("ask_quarterly_what_if", "use"),
    row("ask_statement_what_if", "use"),
    row("get_prediction_statistics", "sum up own records"),
    row("export_predictions", "sum up own records", kinds=ALL_KINDS),
    row("get_prediction", "read a record", kinds=ALL_KINDS),
    row("delete_prediction", "change a record", kinds=ALL_KINDS),
    row("list_prediction_versions", "read a record", kinds=ALL_KINDS),
    row("explain_prediction", "read a record", kinds=ALL_KINDS),
    # The portfolio and the models.
    row("get_portfolio_dashboard", "sum up own records"),
    row("get_portfolio_migration", "analyse own records", query={"from_year": "2019", "to_year": "2020"}),
    row("rescore_portfolio", "use as an administrator"),
    row("stress_portfolio", "use as a member"),
    row("list_models", "use"),
    row("get_master_scale", "use"),
    row("get_model", "use", kinds=ALL_KINDS),
    row("get_model_card", "use", kinds=ALL_KINDS),
    row("report_drift", "use as an administrator", kinds=ALL_KINDS),
    row("promote_model", "use as the platform", body={"version": "{version}"}),
    row("choose_challenger", "use as the platform", body={"version": None}),
    # Uploads and jobs.
    row("get_bulk_upload_template", "use", kinds=ALL_KINDS),
    row("create_bulk_upload", "use"),
    row("list_bulk_uploads", "list records"),
    row("get_bulk_upload", "read a record"),
    row("cancel_bulk_upload", "change a record", job="queued"),
    row("retry_bulk_upload", "change a record", job="cancelled"),
    row("delete_bulk_upload", "change a record"),
    row("follow_bulk_upload", "read a record"),
    row("list_bulk_upload_results", "read a record"),
    row("list_bulk_upload_errors", "read a record"),
    row("list_jobs", "list records"),
    row("get_job", "read a record"),
    row("cancel_job", "change a record", job="queued"),
    # Scaling.
    row("get_scaling_status", "use as the platform"),
    row("get_scaling_metrics", "use as the platform"),
    row("get_scaling_recommendation", "use as the platform"),
    row("get_scaling_policy", "use as the platform"),
    row("put_scaling_policy", "use as the platform"),
    row("list_scaling_decisions", "use as the platform"),
)

_NEEDS_A_PROVIDER = """
claim_sso_domain complete_sso_link confirm_sso_domain end_sessions_by_provider finish_single_sign_on list_sso_domains
list_sso_identities log_out_of_sso read_sso_connection redeem_sso_code remove_sso_connection remove_sso_domain
save_sso_connection start_single_sign_on start_sso_link unlink_sso_identity
"""
_OF_A_DIRECTORY = "create_scim_token list_scim_tokens revoke_scim_token"
ELSEWHERE = {
    **dict.fromkeys(_NEEDS_A_PROVIDER.split(), "services/auth/tests/test_single_sign_on.py"),
    **dict.fromkeys(_OF_A_DIRECTORY.split(), "services/auth/tests/test_scim_isolation.py"),
}
"""Operations whose isolation other tests show, and which."""
