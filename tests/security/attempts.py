"""Ways to more power, one line each: who asks what of which service, with which body. None may succeed.

In paths and bodies a name in braces is somebody or something of the stage: `{two.id}`, `{one.org_admin.user_id}`; the
names of things (`{company_id}`, `{job_id}`) are those of the target that the attempt names, as in the isolation matrix.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """A request that must be refused, and change nothing.

    Attributes:
        name: What it tries.
        who: The caller, by the matrix's name.
        request: Method and path below `/api/v1`.
        body: Its JSON body.
        target: Whose things its names mean.
        headers: Other headers.
    """

    name: str
    who: str
    request: str
    body: Any = None
    target: str = "own"
    headers: tuple[tuple[str, str], ...] = ()


def _role(name: str, who: str, target: str, role: str, **more: Any) -> Attempt:
    return Attempt(name, who, "PUT /users/{user_id}/role", {"role": role, **more}, target)


_ANNUAL = {
    "fiscal_year": 2023,
    "ratios": {"return_on_assets": 3.7, "net_income_margin": 4.1, "total_debt_to_ebitda": 2.0},
}
_KEY = {"name": "more", "expires_in_days": 30}
_BANK = {"name": "My bank", "slug": "my-bank"}

# fmt: off
ATTEMPTS = (
    # Roles.
    _role("an organization's admin makes a member tenant admin", "org_admin", "own", "tenant_admin"),
    _role("an organization's admin makes a member super admin", "org_admin", "own", "super_admin"),
    _role("a tenant admin makes a member super admin", "tenant_admin", "own", "super_admin"),
    _role("a member gives a role", "org_member", "own", "org_admin"),
    _role("a key gives a role", "api_key", "own", "org_admin"),
    _role("a user gives a role", "user", "own", "org_member"),
    _role("a role in another organization", "org_admin", "organization", "org_admin"),
    _role("a role in another tenant", "tenant_admin", "tenant", "org_admin"),
    _role("a role of a person of the platform", "tenant_admin", "personal", "org_member"),
    _role("a member moved to an organization elsewhere", "org_admin", "own", "org_member", organization_id="{two.organization_id}"),
    _role("a tenant's member moved to another tenant's organization", "tenant_admin", "own", "org_member", organization_id="{two.organization_id}"),
    _role("a role by a foreign membership", "org_admin", "own", "org_admin", membership_id="{two.org_member.membership_id}"),
    _role("a role with a tenant in its body", "org_admin", "own", "org_admin", tenant_id="{two.id}"),
    Attempt("an organization's admin makes itself tenant admin", "org_admin", "PUT /users/{me}/role", {"role": "tenant_admin"}),
    Attempt("a member makes itself admin", "org_member", "PUT /users/{me}/role", {"role": "org_admin"}),
    Attempt("a tenant admin makes itself super admin", "tenant_admin", "PUT /users/{me}/role", {"role": "super_admin"}),
    Attempt("a super admin's role is lowered by a tenant's", "tenant_admin", "PUT /users/{super_admin.user_id}/role", {"role": "user"}),
    Attempt("a tenant admin's role is lowered by an organization's", "org_admin", "PUT /users/{one.tenant_admin.user_id}/role", {"role": "org_member"}),
    # People.
    Attempt("a new person as super admin", "tenant_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "super_admin"}),
    Attempt("a new person as tenant admin", "org_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "tenant_admin"}),
    Attempt("a new person in another tenant", "tenant_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "tenant_admin", "tenant_id": "{two.id}"}),
    Attempt("a new person in another organization", "org_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "org_member", "organization_id": "{one.outsider.subject.organization_id}"}),
    Attempt("a new person in another tenant's organization", "org_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "org_member", "organization_id": "{two.organization_id}"}),
    Attempt("a new person with a password", "org_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "org_member", "password": "a long new secret 7"}),
    Attempt("a new person who is verified", "org_admin", "POST /users", {"email": "new-{fresh}@bank.example", "role": "org_member", "email_verified_at": "2024-01-01T00:00:00Z"}),
    Attempt("another tenant's person deactivated", "tenant_admin", "POST /users/{user_id}/deactivate", None, "tenant"),
    Attempt("another tenant's person unlocked", "tenant_admin", "POST /users/{user_id}/unlock", None, "tenant"),
    Attempt("another tenant's person renamed", "tenant_admin", "PATCH /users/{user_id}", {"full_name": "Ada"}, "tenant"),
    Attempt("another tenant's person deleted", "tenant_admin", "DELETE /users/{user_id}", None, "tenant"),
    Attempt("a super admin deactivated", "tenant_admin", "POST /users/{super_admin.user_id}/deactivate"),
    Attempt("a super admin deleted", "tenant_admin", "DELETE /users/{super_admin.user_id}"),
    Attempt("one's tenant admin deactivated", "org_admin", "POST /users/{one.tenant_admin.user_id}/deactivate"),
    # Mass assignment.
    Attempt("a role by the profile", "org_member", "PATCH /users/me", {"full_name": "Ada", "role": "super_admin"}),
    Attempt("a tenant by the profile", "org_member", "PATCH /users/me", {"full_name": "Ada", "tenant_id": "{two.id}"}),
    Attempt("an address by the profile", "org_member", "PATCH /users/me", {"full_name": "Ada", "email": "x@bank.example"}),
    Attempt("a status by the profile", "org_member", "PATCH /users/me", {"full_name": "Ada", "status": "active"}),
    Attempt("a role by registering", "nobody", "POST /auth/register", {"email": "new-{fresh}@bank.example", "password": "seven grey herons at dusk", "full_name": "A", "role": "super_admin"}),
    Attempt("a tenant by registering", "nobody", "POST /auth/register", {"email": "new-{fresh}@bank.example", "password": "seven grey herons at dusk", "full_name": "A", "tenant_id": "{one.id}"}),
    Attempt("a verified address by registering", "nobody", "POST /auth/register", {"email": "new-{fresh}@bank.example", "password": "seven grey herons at dusk", "full_name": "A", "email_verified": True}),
    Attempt("an owner by a company", "org_member", "POST /companies", {"name": "X", "created_by": "{two.org_member.user_id}"}),
    Attempt("a tenant by a company", "org_member", "POST /companies", {"name": "X", "tenant_id": "{two.id}"}),
    Attempt("an organization by a company", "org_member", "POST /companies", {"name": "X", "access_level": "organization", "organization_id": "{two.organization_id}"}),
    Attempt("an access level by changing a company", "org_member", "PATCH /companies/{company_id}", {"access_level": "system"}),
    Attempt("another company by changing an outcome's", "org_member", "PATCH /companies/{company_id}", {"id": "{two.id}"}),
    Attempt("a score by a prediction", "org_member", "POST /predictions/annual", {**_ANNUAL, "company_id": "{company_id}", "pd": 0.0001}),
    Attempt("a model by a prediction", "org_member", "POST /predictions/annual", {**_ANNUAL, "company_id": "{company_id}", "model_version": "0.0.1"}),
    Attempt("a status by a tenant's change", "tenant_admin", "PATCH /tenants/{one.id}", {"status": "suspended"}),
    Attempt("a purge by a tenant's change", "tenant_admin", "PATCH /tenants/{one.id}", {"purge_after": None}),
    Attempt("seats by an organization's admin", "org_admin", "PATCH /organizations/{one.organization_id}", {"max_users": 5000}),
    Attempt("sharing by an organization's change", "org_admin", "PATCH /organizations/{one.organization_id}", {"global_data_access": True}),
    Attempt("a tenant by an organization's change", "org_admin", "PATCH /organizations/{one.organization_id}", {"tenant_id": "{two.id}"}),
    # Records of another level or place.
    Attempt("a system company by a member", "org_member", "POST /companies", {"name": "X", "access_level": "system"}),
    Attempt("a system company by a tenant's admin", "tenant_admin", "POST /companies", {"name": "X", "access_level": "system"}),
    Attempt("an organization's company by who has none", "user", "POST /companies", {"name": "X", "access_level": "organization"}),
    Attempt("an organization's company by the tenant's admin", "tenant_admin", "POST /companies", {"name": "X", "access_level": "organization"}),
    Attempt("a prediction beside another tenant's company", "org_admin", "POST /predictions/annual", {**_ANNUAL, "company_id": "{company_id}"}, "tenant"),
    Attempt("a prediction beside another's personal company", "org_admin", "POST /predictions/annual", {**_ANNUAL, "company_id": "{company_id}"}, "personal"),
    Attempt("an outcome of another tenant's company", "org_admin", "POST /companies/{company_id}/outcomes", {"defaulted_on": "2024-05-06", "event": "bankruptcy"}, "tenant"),
    Attempt("another's outcome under one's own company", "org_admin", "DELETE /companies/{company_id}/outcomes/{two.id}"),
    Attempt("the kind of another prediction", "org_member", "GET /predictions/statement/{prediction_id}"),
    Attempt("a level of which one is not, among outcomes", "org_member", "POST /companies/outcomes?access_level=system", {"items": [{"symbol": "X", "defaulted_on": "2024-05-06", "event": "bankruptcy"}]}),
    # Tenants and organizations.
    Attempt("a tenant by its admin", "tenant_admin", "POST /tenants", _BANK),
    Attempt("a tenant deleted by its admin", "tenant_admin", "DELETE /tenants/{one.id}"),
    Attempt("an admin added by an admin of the tenant", "tenant_admin", "POST /tenants/{one.id}/admins", {"email": "{one.org_member.email}"}),
    Attempt("an admin removed by another", "tenant_admin", "DELETE /tenants/{one.id}/admins/{one.tenant_admin.user_id}"),
    Attempt("an organization in another tenant", "tenant_admin", "POST /organizations", {"name": "Desk", "tenant_id": "{two.id}"}),
    Attempt("an organization by an organization's admin", "org_admin", "POST /organizations", {"name": "Desk"}),
    Attempt("an organization by a member", "org_member", "POST /organizations", {"name": "Desk"}),
    Attempt("the join token of another organization", "org_admin", "POST /organizations/{organization_id}/join-token", None, "organization"),
    Attempt("the join token of another tenant", "tenant_admin", "POST /organizations/{organization_id}/join-token", None, "tenant"),
    Attempt("the whitelist of another organization", "org_admin", "POST /organizations/{organization_id}/whitelist", {"email": "me@bank.example"}, "organization"),
    Attempt("the whitelist of another tenant", "tenant_admin", "POST /organizations/{organization_id}/whitelist", {"email": "me@bank.example"}, "tenant"),
    Attempt("a membership in another organization", "org_admin", "POST /organizations/{organization_id}/members", {"email": "{one.org_admin.email}", "role": "org_admin"}, "organization"),
    Attempt("a membership in another tenant", "tenant_admin", "POST /organizations/{organization_id}/members", {"email": "{one.org_admin.email}", "role": "org_admin"}, "tenant"),
    Attempt("sharing for another organization", "org_admin", "PUT /organizations/{organization_id}/global-data-access", {"enabled": True}, "organization"),
    Attempt("sharing by a member", "org_member", "PUT /organizations/{one.organization_id}/global-data-access", {"enabled": True}),
    Attempt("joining with an invented token", "user", "POST /organizations/join", {"token": "anjoin_AZLW1AAAcACAAAAAkDMhKgGS1tQAAHAAgAAAADLIo95vX3k"}),
    # Keys, sessions and memberships.
    Attempt("a key with a scope above the role", "org_member", "POST /auth/api-keys", {**_KEY, "scopes": ["system_record:write"]}),
    Attempt("a key that manages people", "org_admin", "POST /auth/api-keys", {**_KEY, "scopes": ["user:manage"]}),
    Attempt("a key that makes keys", "org_admin", "POST /auth/api-keys", {**_KEY, "scopes": ["api_key:manage"]}),
    Attempt("a key that changes the profile", "org_admin", "POST /auth/api-keys", {**_KEY, "scopes": ["profile:manage"]}),
    Attempt("a key for another tenant", "org_admin", "POST /auth/api-keys", {**_KEY, "scopes": ["company:read"], "tenant_id": "{two.id}"}),
    Attempt("a key for ever", "org_admin", "POST /auth/api-keys", {**_KEY, "scopes": ["company:read"], "expires_in_days": 100000}),
    Attempt("a key made by a key", "api_key", "POST /auth/api-keys", {**_KEY, "scopes": ["company:read"]}),
    Attempt("sessions ended by a key", "api_key", "POST /auth/logout-all"),
    Attempt("a switch into another's membership", "org_member", "POST /auth/switch", {"membership_id": "{one.tenant_admin.membership_id}"}),
    Attempt("a switch into another tenant's membership", "org_member", "POST /auth/switch", {"membership_id": "{two.tenant_admin.membership_id}"}),
    Attempt("a switch into the platform's membership", "org_member", "POST /auth/switch", {"membership_id": "{super_admin.membership_id}"}),
    Attempt("a switch by a key", "api_key", "POST /auth/switch", {"membership_id": "{one.org_member.membership_id}"}),
    Attempt("another's session ended", "org_admin", "DELETE /auth/sessions/{session_id}", None, "personal"),
    Attempt("another's key revoked", "org_admin", "DELETE /auth/api-keys/{key_id}", None, "personal"),
    # Jobs and models.
    Attempt("another tenant's job cancelled as an upload", "org_admin", "POST /bulk-uploads/{job_id}/cancel", None, "tenant"),
    Attempt("another tenant's job cancelled as a job", "org_admin", "POST /jobs/{job_id}/cancel", None, "tenant"),
    Attempt("a job's id as a prediction's", "org_admin", "GET /predictions/annual/{job_id}"),
    Attempt("a company's id as a job's", "org_admin", "GET /jobs/{company_id}"),
    Attempt("a prediction's id as an upload's", "org_admin", "DELETE /bulk-uploads/{prediction_id}"),
    Attempt("a model promoted by a tenant's admin", "tenant_admin", "PUT /models/annual/active", {"version": "1.0.0"}),
    Attempt("a model's file by a path", "super_admin", "GET /models/annual/..%2F..%2Fetc%2Fpasswd"),
    Attempt("a model promoted by a path", "super_admin", "PUT /models/annual/active", {"version": "../../../tmp/model"}),
    Attempt("a portfolio rescored by a member", "org_member", "POST /portfolio/rescore", {"kind": "annual"}),
    # Headers.
    Attempt("another tenant's record by If-Match", "org_admin", "PATCH /companies/{company_id}", {"name": "Y"}, "tenant", (("If-Match", "*"),)),
    Attempt("another tenant's record by its version", "org_admin", "PATCH /companies/{company_id}", {"name": "Y"}, "tenant", (("If-Match", '"1"'),)),
    Attempt("a method by a header", "org_member", "GET /companies/{two.id}", None, "own", (("X-HTTP-Method-Override", "DELETE"),)),
    Attempt("a person by a header", "org_member", "GET /tenants", None, "own", (("X-User-Id", "{super_admin.user_id}"), ("X-Role", "super_admin"))),
    Attempt("a tenant by a header", "org_member", "GET /companies/{company_id}", None, "tenant", (("X-Tenant-Id", "{two.id}"),)),
    Attempt("an origin by a header", "nobody", "GET /users/me", None, "own", (("X-Forwarded-For", "127.0.0.1"), ("X-Original-URL", "/health"))),
)
# fmt: on
