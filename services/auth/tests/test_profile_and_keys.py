"""The caller's profile, the signing keys, and the commands of whoever runs the service."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from accunode_auth.admin import generate_key
from accunode_auth.app import create_app
from accunode_auth.keys.keyring import KeyRing, configured_keys, read_keys
from accunode_auth.settings import AuthSettings
from accunode_common.auth.roles import GRANTS, Role
from accunode_common.environment import SettingsError
from accunode_common.http.operations import operations, public_operations
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.routes import service_for
from accunode_common.testing.settings import changed

ME = "/api/v1/users/me"
PASSWORD = "correct horse battery staple"


async def test_everybody_reads_their_own_profile(auth: ServiceClient, caller: Caller) -> None:
    profile = (await auth.as_(caller).get(ME)).json()
    assert profile["id"] == str(caller.user_id)
    assert profile["role"] == caller.subject.role
    assert set(profile["permissions"]) == GRANTS[Role(caller.subject.role)].permissions
    assert [m["membership_id"] for m in profile["memberships"]] == [str(caller.membership_id)]


async def test_a_name_is_changed_and_the_change_is_on_the_trail(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client = auth.as_(world.one.org_member)
    tag = (await client.get(ME)).headers["etag"]
    changed = await client.patch(ME, json={"full_name": "Zoë Ångström"}, headers={"If-Match": tag})
    assert changed.json()["full_name"] == "Zoë Ångström"
    assert_problem(await client.patch(ME, json={"full_name": "No"}, headers={"If-Match": tag}), 412)
    trail = superuser.execute("SELECT action FROM audit.events WHERE tenant_id = %s", [world.one.id]).fetchall()
    assert trail == [("user.update",)]


@pytest.mark.parametrize("body", [{"role": "super_admin"}, {"full_name": "x" * 201}, {"full_name": "a\nb"}, {}])
async def test_nothing_else_about_oneself_can_be_changed(
    auth: ServiceClient, world: World, body: dict[str, str]
) -> None:
    assert_problem(await auth.as_(world.user).patch(ME, json=body), 422, "invalid_input")


async def test_keys_rotate_while_tokens_of_the_older_key_stay_good(
    auth_settings: AuthSettings, person: Callable[..., Caller], tmp_path: Path
) -> None:
    generate_key(tmp_path / "2026-01.pem")
    settings = changed(auth_settings, signing_key_file=tmp_path)
    who = person()
    async with running(create_app(settings)) as app:
        reply = await app.http.post("/api/v1/auth/login", json={"email": who.email, "password": PASSWORD})
        old = reply.json()["access_token"]
    generate_key(tmp_path / "2026-02.pem")
    async with running(create_app(settings)) as app:
        document = (await app.http.get("/.well-known/jwks.json")).json()
        assert len(document["keys"]) == 2
        assert all(set(key) == {"kid", "kty", "crv", "x", "use", "alg"} for key in document["keys"])
        me = await app.http.get(ME, headers={"Authorization": f"Bearer {old}"})
        assert me.status_code == 200
        reply = await app.http.post("/api/v1/auth/login", json={"email": who.email, "password": PASSWORD})
        assert reply.json()["access_token"].split(".")[0] != old.split(".")[0]
    (tmp_path / "2026-01.pem").unlink()
    async with running(create_app(settings)) as app:
        assert_problem(await app.http.get(ME, headers={"Authorization": f"Bearer {old}"}), 401)


def test_unusable_signing_keys_get_one_clear_sentence(auth_settings: AuthSettings, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for path in (tmp_path / "absent.pem", tmp_path / "bad.pem"):
        with pytest.raises(SettingsError, match="ACCUNODE_SIGNING_KEY_FILE"):
            KeyRing(changed(auth_settings, signing_key_file=path))
    generate_key(tmp_path / "good.pem")
    assert (tmp_path / "good.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        generate_key(tmp_path / "good.pem")


def test_keys_come_as_text_too_and_the_last_signs(auth_settings: AuthSettings, tmp_path: Path) -> None:
    for name in ("1.pem", "2.pem"):
        generate_key(tmp_path / name)
    text = "\n".join((tmp_path / name).read_text() for name in ("1.pem", "2.pem"))
    given = changed(auth_settings, signing_key_file=None, signing_keys=SecretStr(text))
    ring = KeyRing(given)
    from_files = KeyRing(changed(auth_settings, signing_key_file=tmp_path))
    assert ring.document() == from_files.document()
    assert configured_keys(given.signing)[-1].public_key() == read_keys(tmp_path / "2.pem")[0].public_key()


@pytest.mark.parametrize("both", [True, False])
def test_keys_come_from_one_place_exactly(
    auth_settings: AuthSettings, monkeypatch: pytest.MonkeyPatch, *, both: bool
) -> None:
    file = auth_settings.signing.key_file
    assert file is not None
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", auth_settings.database.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_REDIS_URL", auth_settings.redis.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_MFA_KEY", auth_settings.mfa.key.get_secret_value())
    if both:
        monkeypatch.setenv("ACCUNODE_SIGNING_KEY_FILE", str(file))
        monkeypatch.setenv("ACCUNODE_SIGNING_KEYS", file.read_text())
    with pytest.raises(SettingsError, match="either here, as PEM text, or by ACCUNODE_SIGNING_KEY_FILE") as told:
        AuthSettings.from_environment()
    assert "PRIVATE KEY" not in str(told.value)
    monkeypatch.setenv("ACCUNODE_SIGNING_KEYS", file.read_text())
    monkeypatch.delenv("ACCUNODE_SIGNING_KEY_FILE", raising=False)
    assert AuthSettings.from_environment().signing.keys is not None


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", " "),
        lambda text: text + text,
        str.rstrip,
    ],
)
def test_keys_are_read_whatever_the_way_did_to_their_line_ends(
    auth_settings: AuthSettings, tmp_path: Path, rewritten: Callable[[str], str]
) -> None:
    generate_key(tmp_path / "1.pem")
    text = SecretStr(rewritten((tmp_path / "1.pem").read_text()))
    ring = KeyRing(changed(auth_settings, signing_key_file=None, signing_keys=text))
    from_file = KeyRing(changed(auth_settings, signing_key_file=tmp_path))
    assert ring.document() == from_file.document()


@pytest.mark.parametrize("kind", ["cut off", "encrypted", "of the old form"])
def test_a_second_key_that_is_none_is_not_passed_over(auth_settings: AuthSettings, tmp_path: Path, kind: str) -> None:
    generate_key(tmp_path / "1.pem")
    good = (tmp_path / "1.pem").read_text()
    curve = ec.generate_private_key(ec.SECP256R1())
    second = {
        "cut off": good[:70],
        "encrypted": curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode(),
        "of the old form": curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
    }[kind]
    settings = changed(auth_settings, signing_key_file=None, signing_keys=SecretStr(good + second))
    with pytest.raises(SettingsError, match="cut off, encrypted or not in the PKCS #8 form") as told:
        KeyRing(settings)
    assert not any(part in str(told.value) for part in second.splitlines() if len(part) > 20)


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_unusable_key_text_gets_one_sentence_without_the_text(auth_settings: AuthSettings, text: str) -> None:
    settings = changed(auth_settings, signing_key_file=None, signing_keys=SecretStr(text))
    with pytest.raises(SettingsError, match=r"^ACCUNODE_SIGNING_KEYS") as told:
        KeyRing(settings)
    assert "AAAA" not in str(told.value)


def test_the_path_table_sends_every_route_here(auth_settings: AuthSettings) -> None:
    app = create_app(auth_settings)
    for operation in operations(app):
        if operation.in_schema:
            service = service_for(operation.path)
            assert service is not None
            assert service.name == "auth", operation.path


def test_only_these_routes_are_open_to_anybody(auth_settings: AuthSettings) -> None:
    opened = {path.removeprefix("/api/v1") for _, path in public_operations(create_app(auth_settings))}
    provisioning = {path for path in opened if path.startswith("/scim/v2/")}
    assert opened - provisioning == {
        "/auth/register",
        "/auth/verify-email",
        "/auth/login",
        "/auth/mfa/challenge",
        "/auth/api-keys/token",
        "/auth/mfa/challenge/options",
        "/auth/passkeys/sign-in/options",
        "/auth/passkeys/sign-in",
        "/auth/enrolment/totp",
        "/auth/enrolment/totp/confirm",
        "/auth/enrolment/passkey/options",
        "/auth/enrolment/passkey",
        "/auth/change-email/confirm",
        "/auth/invitations/accept",
        "/auth/sso/{tenant}/start",
        "/auth/sso/{tenant}/backchannel-logout",
        "/auth/sso/callback",
        "/auth/sso/token",
        "/auth/refresh",
        "/auth/forgot-password",
        "/auth/reset-password",
        "/.well-known/jwks.json",
        "/health",
        "/ready",
        "/metrics",
    }


ADMIN = ("accunode_auth.admin",)
BY_SERVE = ("accunode_common.serve", "auth", "admin")
"""As where an image's entry point stands and only its arguments can be chosen."""


def run_admin(
    settings: AuthSettings, *arguments: str, password: str = PASSWORD, module: Sequence[str] = ADMIN
) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ACCUNODE_")},
        "ACCUNODE_DATABASE_URL": settings.database.url.get_secret_value(),
    }
    command = [sys.executable, "-m", *module, *arguments]
    return subprocess.run(command, env=environment, input=f"{password}\n", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", [ADMIN, BY_SERVE])
async def test_the_first_super_admin_is_made_by_command(
    auth: ServiceClient, auth_settings: AuthSettings, module: Sequence[str]
) -> None:
    email = f"root-{new_id()}@platform.example"
    made = run_admin(auth_settings, "create-super-admin", "--email", email, module=module)
    assert (made.returncode, made.stdout) == (0, f"{email} is a super admin now.\n"), made.stderr
    again = run_admin(auth_settings, "create-super-admin", "--email", email.upper())
    assert "already" in again.stdout
    reply = await auth.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert reply.json()["membership"]["role"] == "super_admin"


@pytest.mark.parametrize("words", [["tenants", "admin"], ["auth", "shell"], ["nobody"], []])
def test_what_a_service_has_no_command_for_is_wrong_use(words: list[str]) -> None:
    command = [sys.executable, "-m", "accunode_common.serve", *words]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("usage: ")


def test_the_command_refuses_a_weak_password_in_one_sentence(auth_settings: AuthSettings) -> None:
    refused = run_admin(auth_settings, "create-super-admin", "--email", "a@b.co", password="weak")
    assert refused.returncode == 1
    assert "password" in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_an_existing_person_becomes_a_super_admin_and_keeps_their_password(
    auth: ServiceClient, auth_settings: AuthSettings, person: Callable[..., Caller]
) -> None:
    who = person()
    run_admin(auth_settings, "create-super-admin", "--email", who.email, password="another password entirely")
    reply = await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": PASSWORD})
    assert reply.json()["membership"]["role"] == "super_admin"
