"""The auth service as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from accunode_auth.addresses.router import router as addresses
from accunode_auth.administration.router import router as administration
from accunode_auth.api_keys.router import router as api_keys
from accunode_auth.enrolment.router import router as enrolment
from accunode_auth.invitations.router import own as own_invitations
from accunode_auth.invitations.router import public as public_invitations
from accunode_auth.invitations.router import router as invitations
from accunode_auth.keys.keyring import KeyRing
from accunode_auth.keys.router import router as published_keys
from accunode_auth.mfa.router import router as mfa
from accunode_auth.passkeys.router import router as passkeys
from accunode_auth.passwords.router import router as passwords
from accunode_auth.registration.router import router as registration
from accunode_auth.resources import Resources
from accunode_auth.scim.router import router as scim
from accunode_auth.scim_tokens.router import router as scim_tokens
from accunode_auth.second_factors.router import router as second_factors
from accunode_auth.sessions.router import router as sessions
from accunode_auth.settings import AuthSettings
from accunode_auth.sign_in.router import router as sign_in
from accunode_auth.single_sign_on.provider import Providers
from accunode_auth.single_sign_on.router import router as single_sign_on
from accunode_auth.sso_connections.router import router as sso_connections
from accunode_auth.step_up.router import router as step_up
from accunode_auth.users.router import router as users
from accunode_common.auth.jwks import KeySource
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.http.app import create_service_app
from accunode_common.http.resources import CommonResources
from accunode_common.mail import make_mailer

DESCRIPTION = "Signing in and out, sessions, accounts and signing keys."


def create_app(settings: AuthSettings, key_source: KeySource | None = None) -> FastAPI:
    """The application.

    Args:
        settings: Its settings.
        key_source: Whose tokens it believes; its own unless a test says otherwise.

    Raises:
        SettingsError: The signing keys, or the mail address, cannot be used.
    """
    keys, mailer = KeyRing(settings), make_mailer(settings.mail)

    @asynccontextmanager
    async def open_resources(common: CommonResources) -> AsyncIterator[Resources]:
        yield Resources(
            **common.shared(),
            settings=settings,
            keys=keys,
            passwords=PasswordHashing(settings.passwords),
            mailer=mailer,
            providers=Providers(settings.deployment.environment),
        )

    return create_service_app(
        "auth",
        settings,
        [
            sign_in,
            step_up,
            sessions,
            registration,
            passwords,
            addresses,
            second_factors,
            mfa,
            passkeys,
            enrolment,
            api_keys,
            users,
            own_invitations,
            public_invitations,
            administration,
            sso_connections,
            single_sign_on,
            invitations,
            scim_tokens,
            scim,
        ],
        description=DESCRIPTION,
        root_routers=[published_keys],
        key_source=key_source or keys,
        open_resources=open_resources,
    )
