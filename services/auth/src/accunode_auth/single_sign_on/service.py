"""Signing in through a tenant's provider: sent there, back with a code, and tokens for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa.vault import Vault
from accunode_auth.notices.service import Notices
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import service as sessions
from accunode_auth.sign_in import service as sign_in
from accunode_auth.single_sign_on import admission, people, provisioning, repository
from accunode_auth.single_sign_on.claims import id_token_claims
from accunode_auth.single_sign_on.pending import Pending, Ticket, code_challenge, digest, keep, new_secret, take
from accunode_auth.single_sign_on.provider import ProviderError
from accunode_auth.sso_connections import service as connections
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, acting_as
from accunode_common.errors import (
    ForbiddenError,
    GoneError,
    ProblemError,
    UnauthenticatedError,
    UnprocessableInputError,
)
from accunode_common.http.trail import Origin
from accunode_common.log import get_logger
from accunode_common.models.federation import FederatedIdentity, SsoSession

_ID_TOKENS = b"accunode identity tokens"
_NOT_TRUSTED = "The provider's answer cannot be trusted; begin anew, and tell your administrator if it happens again."

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody is sent to the provider.

    Attributes:
        url: Where they sign in.
        state: Names the sign-in; the provider brings it back.
        binding: What only the client that began it has.
    """

    url: str
    state: str
    binding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What the provider sent somebody back with."""

    state: str
    code: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sign-in at the provider ended.

    Attributes:
        code: What tokens can be had for.
        redirect: Where the browser goes, with the code; None for clients without one.
    """

    code: str | None
    redirect: str | None


async def start(
    app: Resources, tenant_id: UUID, *, redirect: str | None, link_user_id: UUID | None = None
) -> Departure:
    """Send somebody to a tenant's provider.

    Raises:
        NotFoundError: The tenant has none, or it is off.
        UnprocessableInputError: The browser may not be sent back to `redirect`.
    """
    _check_redirect(app, redirect)
    async with app.database.transaction(connections.tenant_context(tenant_id)) as session:
        connection = await connections.in_use(session, tenant_id)
    state, binding, nonce, verifier = (new_secret() for _ in range(4))
    pending = Pending(
        tenant_id=tenant_id,
        binding=digest(binding),
        nonce=nonce,
        verifier=verifier,
        redirect=redirect,
        link_user_id=link_user_id,
    )
    await keep(app.redis, state, pending)
    url = with_query(
        connection.metadata.authorization_endpoint,
        {
            "response_type": "code",
            "client_id": connection.row.client_id,
            "redirect_uri": connections.redirect_uri(app),
            "scope": " ".join(dict.fromkeys(("openid", *connection.row.scopes))),
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge(verifier),
            "code_challenge_method": "S256",
        },
    )
    return Departure(url, state, binding)


async def finish(app: Resources, arrival: Arrival, binding: str | None, origin: Origin) -> Outcome:
    """Take in what the provider says of somebody.

    Raises:
        GoneError: The sign-in is unknown, used or too late.
        ForbiddenError: Another browser began it, or the person may not come in.
        UnauthenticatedError: The provider's answer cannot be trusted.
    """
    pending = await take(app.redis, Pending, arrival.state)
    if pending is None:
        raise GoneError("The sign-in is not known, or took too long; begin anew.")
    if pending.redirect is not None and not pending.bound_to(binding):
        raise ForbiddenError("Another browser began this sign-in; begin anew in this one.")
    try:
        ticket = await _vouch(app, pending, arrival, origin)
    except ProblemError as error:
        if pending.redirect is None:
            raise
        told = {"error": error.code, "error_description": error.detail or error.title}
        return Outcome(None, with_query(pending.redirect, told))
    code = new_secret()
    await keep(app.redis, code, ticket)
    redirect = (
        None if pending.redirect is None else with_query(pending.redirect, {"code": code, "state": arrival.state})
    )
    return Outcome(code, redirect)


async def _vouch(app: Resources, pending: Pending, arrival: Arrival, origin: Origin) -> Ticket:
    context = connections.tenant_context(pending.tenant_id)
    async with app.database.transaction(context) as session:
        connection = await connections.in_use(session, pending.tenant_id)
    try:
        text, claims = await _ask(app, connection, pending, arrival)
    except ProviderError as error:
        logger.warning("single sign-on refused", tenant_id=str(pending.tenant_id), reason=str(error))
        await admission.note_refusal(app, pending.tenant_id, origin, str(error))
        raise UnauthenticatedError(_NOT_TRUSTED) from None
    return Ticket(
        tenant_id=pending.tenant_id,
        binding=pending.binding,
        link_user_id=pending.link_user_id,
        claims=dict(claims),
        id_token=text,
    )


async def _ask(
    app: Resources, connection: connections.Connection, pending: Pending, arrival: Arrival
) -> tuple[str, Mapping[str, Any]]:
    """The ID token, and all that the provider claims of the person.

    Raises:
        ProviderError: The provider did not sign the person in, or not as it should.
    """
    metadata = connection.metadata
    if arrival.issuer != metadata.issuer and (
        arrival.issuer is not None or metadata.authorization_response_iss_parameter_supported
    ):
        raise ProviderError("the answer comes from another issuer")
    if arrival.error is not None or arrival.code is None:
        raise ProviderError(f"it did not sign the person in ({arrival.error or 'no code'})")
    reply = await app.providers.exchange(
        metadata,
        client_id=connection.row.client_id,
        client_secret=connections.client_secret(app, connection),
        code=arrival.code,
        verifier=pending.verifier,
        redirect_uri=connections.redirect_uri(app),
    )
    claims = await id_token_claims(
        app.providers,
        metadata,
        reply.id_token,
        client_id=connection.row.client_id,
        nonce=pending.nonce,
        access_token=reply.access_token,
    )
    more = await app.providers.user_info(metadata, reply.access_token)
    if more and more.get("sub") != claims["sub"]:
        raise ProviderError("its userinfo endpoint speaks of somebody else")
    return reply.id_token, {**more, **claims}


async def redeem(
    app: Resources,
    notices: Notices,
    code: str,
    binding: str | None,
    origin: Origin,
    device_token: str | None,
) -> sessions.Tokens:
    """Begin a session for somebody a provider vouched for. It works in that provider's tenant only.

    Raises:
        UnauthenticatedError: The code is not good, or the account is not active.
        ForbiddenError: The provider may not sign the person in.
    """
    ticket = await take(app.redis, Ticket, code)
    if ticket is None or not ticket.bound_to(binding) or ticket.link_user_id is not None:
        raise UnauthenticatedError("The code is not valid, or no longer; begin anew.")
    try:
        found = await provisioning.admit(app, ticket.tenant_id, ticket.claims, origin)
        async with app.database.transaction(connections.tenant_context(ticket.tenant_id)) as session:
            await connections.in_use(session, ticket.tenant_id, hold=True)
            identity = await repository.identity(session, ticket.tenant_id, found.issuer, found.subject)
            if identity is None:
                raise ForbiddenError("The provider's account was unlinked just now.")
            async with acting_as(session, AccessContext(tenant_id=ticket.tenant_id, user_id=identity.user_id)):
                tokens = await _begin(session, app, ticket, identity, origin, device_token)
    except ForbiddenError as error:
        await admission.note_refusal(app, ticket.tenant_id, origin, error.detail or error.title)
        raise
    await sign_in.announce(app, notices, tokens)
    return tokens


async def _begin(
    session: AsyncSession,
    app: Resources,
    ticket: Ticket,
    identity: FederatedIdentity,
    origin: Origin,
    device_token: str | None,
) -> sessions.Tokens:
    user_id = identity.user_id
    methods = people.methods(ticket.claims)
    await sign_in.note_success(session, user_id)
    membership = await sessions.current_membership(session, user_id, tenant_id=ticket.tenant_id)
    if membership is None:
        raise ForbiddenError("The account has no membership in the provider's tenant; ask your administrator.")
    if second_factors.overdue(app, membership, methods):
        raise ForbiddenError("The tenant asks for a second factor, and its provider does not say that it did.")
    tokens = await sessions.begin(
        session, app, user_id=user_id, membership=membership, origin=origin, methods=methods, device_token=device_token
    )
    provider_session = ticket.claims.get("sid")
    await repository.add_session(
        session,
        SsoSession(
            tenant_id=ticket.tenant_id,
            session_id=tokens.subject.session_id,
            user_id=user_id,
            issuer=identity.issuer,
            subject=identity.subject,
            provider_session_id=provider_session if isinstance(provider_session, str) else None,
            id_token_encrypted=_vault(app).seal(user_id, ticket.id_token.encode()),
        ),
    )
    return tokens


async def sign_out(session: AsyncSession, app: Resources, subject: Subject, origin: Origin) -> str | None:
    """End the caller's session; gives where to sign out at the provider that vouched for it."""
    vouched = await repository.vouched(session, subject.user_id, subject.session_id)
    await sessions.end_own(session, app.revocations, subject, origin)
    if vouched is None:
        return None
    async with acting_as(session, connections.tenant_context(vouched.tenant_id, subject.user_id)):
        connection = await connections.find(session, vouched.tenant_id)
    if connection is None or connection.metadata.end_session_endpoint is None:
        return None
    hint = _vault(app).open(subject.user_id, vouched.id_token_encrypted).decode()
    return with_query(
        connection.metadata.end_session_endpoint,
        {
            "id_token_hint": hint,
            "client_id": connection.row.client_id,
            "post_logout_redirect_uri": app.settings.public.url,
        },
    )


def _check_redirect(app: Resources, redirect: str | None) -> None:
    if redirect is None:
        return
    allowed = {_origin_of(app.settings.public.url), *app.settings.single_sign_on.redirect_origins}
    if _origin_of(redirect) not in allowed or not redirect.isprintable() or "\\" in redirect:
        raise UnprocessableInputError.at(
            "/query/redirect", "not_allowed", "Browsers are not sent there; ask whoever runs the installation."
        )


def _origin_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None:
        return None
    return f"{parts.scheme}://{parts.netloc}".lower()


def with_query(url: str, values: Mapping[str, str]) -> str:
    """`url` with these query parameters beside those it has."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values]
    return urlunsplit(parts._replace(query=urlencode([*query, *values.items()])))


def _vault(app: Resources) -> Vault:
    return Vault(app.settings.mfa, purpose=_ID_TOKENS)
