"""Setting single sign-on up."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa.vault import Vault
from accunode_auth.outbound import check_url
from accunode_auth.resources import Resources
from accunode_auth.single_sign_on.provider import Metadata, ProviderError
from accunode_auth.sso_connections import repository
from accunode_auth.sso_connections.schemas import ConnectionIn, ConnectionOut
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableInputError
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.log import get_logger
from accunode_common.models.federation import SsoConnection, SsoDomain
from accunode_common.models.identity import SECOND_FACTORS, AuthenticationMethod

MOST_DOMAINS = 50
SORTING = Sorting(
    {"domain": SsoDomain.domain, "created_at": SsoDomain.created_at}, default="domain", key=SsoDomain.tenant_id
)

_SECRETS = b"accunode client secrets"
_OWN_COLUMNS = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "verified_claim",
    "role_claim",
    "organization_claim",
    "default_role",
    "default_organization_id",
    "just_in_time",
    "enforced",
    "enabled",
)

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant's connection."""

    row: SsoConnection
    metadata: Metadata


def tenant_context(tenant_id: UUID, user_id: UUID | None = None) -> AccessContext:
    """The context in which a tenant's connection and people are in sight, before anybody is signed in."""
    return AccessContext(tenant_id=tenant_id, user_id=user_id, read_reach=Reach.TENANT, write_reach=Reach.TENANT)


async def of_caller(session: AsyncSession, app: Resources, subject: Subject) -> ConnectionOut:
    """The connection of the caller's tenant.

    Raises:
        NotFoundError: There is none.
    """
    row = await repository.connection(session, subject.tenant_id)
    if row is None:
        raise NotFoundError("The tenant has no single sign-on.")
    return await _shown(session, app, row)


async def save(app: Resources, subject: Subject, trail: Trail, match: Conditional, body: ConnectionIn) -> ConnectionOut:
    """Keep the connection of the caller's tenant, once its provider has answered.

    Raises:
        ForbiddenError: The caller's tenant is the platform's own.
        UnprocessableInputError: The provider cannot be used, or the mapping does not fit the tenant.
        StaleVersionError: The connection has changed meanwhile.
    """
    _refuse_platform(subject)
    metadata = await _discover(app, body.issuer)
    async with app.database.transaction(subject.access) as session:
        await _check_organizations(session, subject.tenant_id, body)
        row = await repository.connection(session, subject.tenant_id, lock=True)
        if row is not None:
            match.check(row.version)
        kept = None if row is None or row.issuer != body.issuer else row.client_secret_encrypted
        if body.client_secret is not None:
            kept = _vault(app).seal(subject.tenant_id, body.client_secret.get_secret_value().encode())
        if kept is None:
            raise UnprocessableInputError.at(
                "/body/client_secret", "missing", "Give the client's secret; none is kept for this issuer."
            )
        if row is None:
            row = SsoConnection(tenant_id=subject.tenant_id, version=1)
        else:
            row.version += 1
        for name in _OWN_COLUMNS:
            setattr(row, name, getattr(body, name))
        row.role_values = [value.model_dump(mode="json") for value in body.role_values]
        row.organization_values = [value.model_dump(mode="json") for value in body.organization_values]
        row.client_secret_encrypted = kept
        row.provider, row.discovered_at = metadata.model_dump(mode="json"), datetime.now(UTC)
        await repository.save_connection(session, row)
        details = {"issuer": row.issuer, "client_id": row.client_id, "enabled": row.enabled, "enforced": row.enforced}
        details |= {"just_in_time": row.just_in_time, "new_secret": body.client_secret is not None}
        await trail.record(session, "sso_connection.save", "sso_connection", subject.tenant_id, details=details)
        match.tag(row.version)
        return await _shown(session, app, row)


async def enforced(session: AsyncSession, user_id: UUID, methods: Collection[str]) -> bool:
    """Whether the tenant that manages the person's account lets its provider alone sign them in, and it did not.

    An administrator of the tenant who showed a second factor may come in without the provider, which can fail. The
    transaction must be the person's.
    """
    tenant_id = await repository.manager(session, user_id)
    if tenant_id is None or AuthenticationMethod.SINGLE_SIGN_ON in methods:
        return False
    async with acting_as(session, tenant_context(tenant_id, user_id)):
        row = await repository.connection(session, tenant_id)
    administers = await repository.administers(session, user_id, tenant_id)
    breaks_glass = administers and not SECOND_FACTORS.isdisjoint(methods)
    return row is not None and row.enabled and row.enforced and not breaks_glass


async def tenant_of(app: Resources, slug: str) -> UUID:
    """The tenant in use of that short name.

    Raises:
        NotFoundError: There is none.
    """
    async with app.database.transaction(AccessContext(read_reach=Reach.PLATFORM)) as session:
        found = await repository.tenant_of_slug(session, slug)
    if found is None:
        raise NotFoundError("There is no such single sign-on.")
    return found


async def find(session: AsyncSession, tenant_id: UUID, *, hold: bool = False) -> Connection | None:
    """The tenant's connection, on or off; `hold` keeps it as it is until the transaction ends."""
    row = await repository.connection(session, tenant_id, hold=hold)
    return None if row is None else Connection(row, Metadata.model_validate(row.provider))


async def in_use(session: AsyncSession, tenant_id: UUID, *, hold: bool = False) -> Connection:
    """The tenant's connection, if people can sign in through it; see `find`.

    Raises:
        NotFoundError: There is none, or it is off.
    """
    found = await find(session, tenant_id, hold=hold)
    if found is None or not found.row.enabled:
        raise NotFoundError("There is no such single sign-on.")
    return found


def client_secret(app: Resources, connection: Connection) -> str:
    """The client's secret.

    Raises:
        ServiceUnavailableError: It cannot be read.
    """
    row = connection.row
    return _vault(app).open(row.tenant_id, row.client_secret_encrypted).decode()


async def domains(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[SsoDomain]:
    """The mail domains in the caller's reach."""
    return await repository.page(session, order, paging)


async def claim_domain(session: AsyncSession, subject: Subject, trail: Trail, domain: str) -> SsoDomain:
    """Note that the caller's tenant says a domain is its own.

    Raises:
        ForbiddenError: The caller's tenant is the platform's own.
        ConflictError: The tenant has said so before, or of too many.
    """
    _refuse_platform(subject)
    if await repository.count_domains(session, subject.tenant_id) >= MOST_DOMAINS:
        raise ConflictError(f"The tenant has {MOST_DOMAINS} domains already; remove one first.")
    row = SsoDomain(tenant_id=subject.tenant_id, domain=domain, proof=f"accunode-domain={secrets.token_urlsafe(18)}")
    await repository.add_domain(session, row)
    await trail.record(session, "sso_domain.claim", "sso_domain", row.domain)
    return row


async def confirm_domain(
    session: AsyncSession, subject: Subject, trail: Trail, domain: str, tenant_id: UUID
) -> SsoDomain:
    """Let a domain count as a tenant's.

    Raises:
        NotFoundError: The tenant does not say that it is its own.
    """
    row = await repository.confirm(session, tenant_id, domain, by=subject.user_id, at=datetime.now(UTC))
    if row is None:
        raise NotFoundError("The tenant has no such domain.")
    await trail.record(session, "sso_domain.confirm", "sso_domain", domain, tenant_id=tenant_id)
    return row


async def remove_domain(session: AsyncSession, trail: Trail, tenant_id: UUID, domain: str) -> None:
    """Forget a domain; people who sign in keep their accounts.

    Raises:
        NotFoundError: The tenant has no such domain.
    """
    if not await repository.remove_domain(session, tenant_id, domain):
        raise NotFoundError("The tenant has no such domain.")
    await trail.record(session, "sso_domain.remove", "sso_domain", domain, tenant_id=tenant_id)


async def owns_domain_of(session: AsyncSession, tenant_id: UUID, email_key: str) -> bool:
    """Whether an address is in a domain that the platform confirmed to be the tenant's."""
    return await repository.confirmed(session, tenant_id, email_key.rpartition("@")[2])


def redirect_uri(app: Resources) -> str:
    """Where providers send people back to."""
    return f"{app.settings.public.url}/api/v1/auth/sso/callback"


def _refuse_platform(subject: Subject) -> None:
    if subject.tenant_id == PLATFORM_TENANT_ID:
        raise ForbiddenError("The platform's own people never sign in through somebody else.")


async def _discover(app: Resources, issuer: str) -> Metadata:
    try:
        check_url(issuer, app.settings.deployment.environment)
        return await app.providers.discover(issuer)
    except ValueError as error:
        raise UnprocessableInputError.at("/body/issuer", "not_an_issuer", f"The issuer {error}.") from None
    except ProviderError as error:
        logger.info("provider refused", issuer=issuer, reason=str(error))
        raise UnprocessableInputError.at(
            "/body/issuer",
            "provider_unusable",
            "The provider cannot be used: its metadata cannot be read or do not fit.",
        ) from None


async def _check_organizations(session: AsyncSession, tenant_id: UUID, body: ConnectionIn) -> None:
    wanted = {value.organization_id for value in body.organization_values}
    if body.default_organization_id is not None:
        wanted.add(body.default_organization_id)
    known = await repository.organizations(session, tenant_id, wanted)
    for at, value in enumerate(body.organization_values):
        if value.organization_id not in known:
            raise UnprocessableInputError.at(
                f"/body/organization_values/{at}/organization_id", "unknown", "The tenant has no such organization."
            )
    if not wanted <= known:
        raise UnprocessableInputError.at(
            "/body/default_organization_id", "unknown", "The tenant has no such organization."
        )


async def _shown(session: AsyncSession, app: Resources, row: SsoConnection) -> ConnectionOut:
    tenant = await repository.tenant(session, row.tenant_id)
    base = f"{app.settings.public.url}/api/v1/auth/sso/{tenant.slug if tenant else row.tenant_id}"
    urls = {
        "start_url": f"{base}/start",
        "redirect_uri": redirect_uri(app),
        "backchannel_logout_uri": f"{base}/backchannel-logout",
    }
    kept = {name: getattr(row, name) for name in ConnectionOut.model_fields if name not in urls}
    return ConnectionOut.model_validate(kept | urls)


def _vault(app: Resources) -> Vault:
    return Vault(app.settings.mfa, purpose=_SECRETS)
