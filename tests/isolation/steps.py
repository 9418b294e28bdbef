"""What must have happened before some operations can succeed, by operation id: `STEPS`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.applications import Running
from tests.isolation.things import Stage, Things

from accunode_auth.mfa import totp
from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.authenticator import SoftPasskey
from accunode_common.testing.people import Caller

Step = Callable[[Running, Stage, Caller, Things], Awaitable[None]]


async def _tell_the_address(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    things.ids["address"] = things.owner.email


async def _enrol(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    reply = await service.client.as_(caller).post("/api/v1/auth/mfa/totp")
    assert reply.status_code == 201, reply.text
    things.ids["totp"] = reply.json()["secret"]
    things.ids["code"] = _code(things, step=-1)


async def _confirm(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _enrol(service, stage, caller, things)
    reply = await service.client.as_(caller).post("/api/v1/auth/mfa/totp/confirm", json={"code": things.ids["code"]})
    assert reply.status_code == 200, reply.text
    things.ids["code"] = _code(things, step=1)


async def _be_challenged(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    person = stage.caller("org_member") if caller.name == "api_key" else caller
    await _confirm(service, stage, person, things)
    body = {"email": caller.email, "password": "correct horse battery staple"}
    reply = await service.client.as_(None).post("/api/v1/auth/login", json=body)
    things.ids["challenge"] = reply.json()["challenge"]


def _code(things: Things, *, step: int) -> str:
    secret = things.ids["totp"]
    return totp.code_at(secret, totp.current_step() + step)


async def _make_passkey(service: Running, stage: Stage, caller: Caller, things: Things) -> SoftPasskey:
    reply = await service.client.as_(caller).post("/api/v1/auth/passkeys/options")
    assert reply.status_code == 200, reply.text
    passkey = SoftPasskey()
    _note(things, passkey.make(reply.json()["public_key"]))
    return passkey


async def _be_asked_to_make_passkey(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _make_passkey(service, stage, caller, things)


async def _have_passkey(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    person = stage.caller("org_member") if caller.name == "api_key" else caller
    passkey = await _make_passkey(service, stage, person, things)
    body = {"label": "key", "credential": passkey.make(await _options(service, "/passkeys/options", person))}
    reply = await service.client.as_(person).post("/api/v1/auth/passkeys", json=body)
    assert reply.status_code == 201, reply.text
    _note(things, passkey.show(await _options(service, "/passkeys/sign-in/options", None)))


async def _be_challenged_with_passkey(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _have_passkey(service, stage, caller, things)
    body = {"email": caller.email, "password": "correct horse battery staple"}
    reply = await service.client.as_(None).post("/api/v1/auth/login", json=body)
    things.ids["challenge"] = reply.json()["challenge"]


async def _enrol_to_sign_in(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _have_enrolment(service, stage, caller, things)
    body = {"challenge": things.ids["token"]}
    reply = await service.client.as_(None).post("/api/v1/auth/enrolment/totp", json=body)
    things.ids["totp"] = reply.json()["secret"]
    things.ids["code"] = _code(things, step=-1)


async def _make_passkey_to_sign_in(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _have_enrolment(service, stage, caller, things)
    body = {"challenge": things.ids["token"]}
    reply = await service.client.as_(None).post("/api/v1/auth/enrolment/passkey/options", json=body)
    _note(things, SoftPasskey().make(reply.json()["public_key"]))


async def _options(service: Running, path: str, caller: Caller | None) -> dict[str, Any]:
    reply = await service.client.as_(caller).post(f"/api/v1/auth{path}")
    found: dict[str, Any] = reply.json()["public_key"]
    return found


def _note(things: Things, credential: dict[str, Any]) -> None:
    texts = {name: value for name, value in credential["response"].items() if isinstance(value, str)}
    things.ids.update(texts, credential_id=credential["id"])


async def _have_refresh_token(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    token = Credential.new("rt", caller.user_id, new_id())
    stage.connection.execute(
        "insert into identity.refresh_tokens (id, user_id, session_id, token_hash) values (%s, %s, %s, %s)",
        [token.ids[1], caller.user_id, things.ids["session_id"], token.hash],
    )
    things.ids["refresh_token"] = token.text


def _have_mailed_token(prefix: str, purpose: str) -> Step:
    async def step(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
        token = Credential.new(prefix, caller.user_id, new_id())
        email = f"moved-{new_id()}@bank.example" if purpose == "change_email" else None
        stage.connection.execute(
            "insert into identity.one_time_tokens (id, user_id, purpose, token_hash, expires_at, email)"
            " values (%s, %s, %s, %s, now() + interval '1 hour', %s)",
            [token.ids[1], caller.user_id, purpose, token.hash, email],
        )
        things.ids["token"] = token.text

    return step


async def _have_no_factor(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    stage.connection.execute("delete from identity.passkeys where user_id = %s", [caller.user_id])


async def _have_enrolment(service: Running, stage: Stage, caller: Caller, things: Things) -> None:
    await _have_no_factor(service, stage, caller, things)
    await _have_mailed_token("en", "enrolment")(service, stage, caller, things)


async def _have_api_key(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    key = Credential.new("ak", caller.tenant_id, caller.user_id, new_id())
    stage.connection.execute(
        "insert into identity.api_keys (tenant_id, id, user_id, organization_id, name, key_hash, scopes, expires_at)"
        " values (%s, %s, %s, %s, 'key', %s, '{company:read}', now() + interval '1 day')",
        [caller.tenant_id, key.ids[2], caller.user_id, caller.subject.organization_id, key.hash],
    )
    things.ids["api_key"] = key.text


async def _be_invited(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    place = stage.world.two
    token = Credential.new("anjoin", place.id, place.organization_id)
    stage.connection.execute(
        "update tenancy.organizations set join_token_hash = %s, join_token_created_at = %s where id = %s",
        [token.hash, datetime.now(UTC), place.organization_id],
    )
    stage.connection.execute(
        "insert into tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)"
        " values (%s, %s, %s, %s) on conflict do nothing",
        [place.id, place.organization_id, caller.email, place.org_admin.user_id],
    )
    things.ids.update(token=token.text, joined=str(place.id))


_INVITATION = (
    "insert into identity.invitations (tenant_id, id, organization_id, email, email_key, role, invited_by, token_hash,"
    " expires_at) values (%s, %s, %s, %s, %s, 'org_member', %s, %s, now() + interval '1 day')"
)


async def _invite(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    """An open invitation to the target's organization, for the target's person."""
    if things.target == "deleted":
        return
    organization = UUID(things.ids["organization_id"])
    found = stage.connection.execute(
        "select o.tenant_id, u.email from tenancy.organizations o, identity.users u where o.id = %s and u.id = %s",
        [organization, things.ids["user_id"]],
    ).fetchone()
    assert found is not None
    tenant_id, email = found
    inviter = stage.world.super_admin.user_id
    row = [tenant_id, things.ids["invitation_id"], organization, email, email, inviter, bytes(32)]
    stage.connection.execute(_INVITATION, row)


async def _invite_owner(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    """An open invitation to the target's owner, of an organization that they do not belong to."""
    if things.target == "deleted":
        return
    two, email = stage.world.two, things.owner.email
    organization = stage.maker.organization(two.id, f"Desk {new_id()}")
    inviter = two.org_admin.user_id
    row = [two.id, things.ids["invitation_id"], organization, email, email, inviter, bytes(32)]
    stage.connection.execute(_INVITATION, row)
    things.ids["joined"] = str(two.id)


async def _have_invitation(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    two, email = stage.world.two, f"new-{new_id()}@bank.example"
    token = Credential.new("iv", two.id, new_id())
    row = [two.id, token.ids[1], two.organization_id, email, email, two.org_admin.user_id, token.hash]
    stage.connection.execute(_INVITATION, row)
    things.ids.update(token=token.text, joined=str(two.id))


async def _suspend(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    stage.connection.execute(
        "update identity.memberships set status = 'suspended' where user_id = %s", [things.ids["user_id"]]
    )


async def _share_power(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    """Another administrator of whatever the caller administers, so that nobody is the last."""
    await _have_no_factor(_, stage, caller, things)
    if caller.subject.role in (Role.TENANT_ADMIN, Role.SUPER_ADMIN):
        stage.maker.caller(caller.subject.role, caller.tenant_id)


async def _deactivate(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    stage.connection.execute(
        "update identity.users set status = 'deactivated' where id = %s and status = 'active'", [things.ids["user_id"]]
    )


async def _appoint(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    if things.ids["tenant_id"] != str(PLATFORM_TENANT_ID):
        admin = stage.maker.caller(Role.TENANT_ADMIN, UUID(things.ids["tenant_id"]))
        things.ids["user_id"] = str(admin.user_id)


async def _found_tenant(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    stage.maker.tenant("another")


async def _found_organization(_: Running, stage: Stage, caller: Caller, things: Things) -> None:
    if things.target != "deleted":
        stage.maker.organization(things.owner.tenant_id, f"Desk {new_id()}")


STEPS: Mapping[str, Step] = {
    "log_in": _tell_the_address,
    "request_password_reset": _tell_the_address,
    "complete_challenge": _be_challenged,
    "confirm_authenticator": _enrol,
    "remove_authenticator": _confirm,
    "renew_recovery_codes": _confirm,
    "step_up": _have_no_factor,
    "add_passkey": _be_asked_to_make_passkey,
    "begin_step_up": _have_passkey,
    "begin_challenge": _be_challenged_with_passkey,
    "sign_in_with_passkey": _have_passkey,
    "begin_required_authenticator": _have_enrolment,
    "begin_required_passkey": _have_enrolment,
    "confirm_required_authenticator": _enrol_to_sign_in,
    "add_required_passkey": _make_passkey_to_sign_in,
    "refresh_tokens": _have_refresh_token,
    "verify_email": _have_mailed_token("ev", "verify_email"),
    "confirm_email_change": _have_mailed_token("ce", "change_email"),
    "reset_password": _have_mailed_token("pr", "reset_password"),
    "exchange_api_key": _have_api_key,
    "join_organization": _be_invited,
    "activate_user": _deactivate,
    "remove_tenant_admin": _appoint,
    "list_invitations": _invite,
    "read_invitation": _invite,
    "withdraw_invitation": _invite,
    "resend_invitation": _invite,
    "accept_invitation": _invite_owner,
    "decline_invitation": _invite_owner,
    "accept_invitation_with_token": _have_invitation,
    "resume_user": _suspend,
    "delete_own_account": _share_power,
    "leave": _share_power,
    "list_tenants": _found_tenant,
    "list_organizations": _found_organization,
}
