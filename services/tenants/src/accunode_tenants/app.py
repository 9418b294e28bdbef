"""The tenants service as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from accunode_common.auth.jwks import KeySource
from accunode_common.http.app import create_service_app
from accunode_common.http.resources import CommonResources
from accunode_common.mail import make_mailer
from accunode_tenants.admins.router import router as admins
from accunode_tenants.central_tendencies.router import router as central_tendencies
from accunode_tenants.joining.router import router as joining
from accunode_tenants.members.router import router as members
from accunode_tenants.organizations.router import router as organizations
from accunode_tenants.resources import Resources
from accunode_tenants.settings import TenantsSettings
from accunode_tenants.sharing.router import router as sharing
from accunode_tenants.tenants.router import router as tenants
from accunode_tenants.trail.router import router as trail
from accunode_tenants.whitelist.router import router as whitelist

SERVICE = "tenants"


def create_app(settings: TenantsSettings, key_source: KeySource | None = None) -> FastAPI:
    """The application; `key_source` replaces the settings' `jwks_url`."""
    mailer = make_mailer(settings.mail)

    @asynccontextmanager
    async def open_resources(common: CommonResources) -> AsyncIterator[Resources]:
        yield Resources(**common.shared(), settings=settings, mailer=mailer)

    return create_service_app(
        SERVICE,
        settings,
        [tenants, central_tendencies, admins, joining, organizations, members, whitelist, sharing, trail],
        description="Tenants, organizations, their members, and the audit trail.",
        key_source=key_source,
        open_resources=open_resources,
    )
