"""Registering passkeys and checking what they sign. The transaction's context must be the owner's."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.passkeys import challenges, repository
from accunode_auth.passkeys.challenges import Ceremony
from accunode_auth.passkeys.schemas import NewCredential, ShownCredential
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import service as sessions
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError, UnprocessableInputError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod
from accunode_common.models.passkeys import Passkey

MOST_PASSKEYS = 20
_NAME = "AccuNode"
_TIMEOUT_MS = int(challenges.LIFETIME.total_seconds() * 1000)
# What the library raises of input that is not even well-formed.
_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError)

SORTING = Sorting({"created_at": Passkey.id}, default="created_at", key=Passkey.id)

logger = get_logger(__name__)


async def listed(session: AsyncSession, subject: Subject, order: SortOrder, paging: PageParameters) -> PageOf[Passkey]:
    """The caller's passkeys."""
    return await repository.page(session, subject.user_id, order, paging)


async def creation_options(session: AsyncSession, app: Resources, user_id: UUID) -> dict[str, Any]:
    """What a browser needs to make a passkey that finds the person by itself.

    Raises:
        ConflictError: The person has too many.
    """
    existing = await repository.all_of_user(session, user_id)
    if len(existing) >= MOST_PASSKEYS:
        raise ConflictError(f"You have {MOST_PASSKEYS} passkeys already; remove one first.")
    email, name = await repository.account(session, user_id)
    options = generate_registration_options(
        rp_id=app.settings.passkeys.domain,
        rp_name=_NAME,
        user_id=user_id.bytes,
        user_name=email,
        user_display_name=name or email,
        challenge=await challenges.issue(app.redis, Ceremony.REGISTRATION, user_id),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in existing],
    )
    return _as_dict(options_to_json(options))


async def register(
    session: AsyncSession, app: Resources, user_id: UUID, *, label: str, credential: NewCredential
) -> tuple[Passkey, list[str]]:
    """A new passkey, and recovery codes for who has none.

    Raises:
        UnprocessableInputError: It is not what was asked for, or too late, or did not verify the person.
        ConflictError: The passkey is registered already.
    """
    challenge = _challenge(credential.response.client_data_json)
    if challenge is None or not await challenges.spend(app.redis, Ceremony.REGISTRATION, user_id, challenge):
        raise _refused("The challenge was used, or is too old; ask for new options.")
    try:
        verified = verify_registration_response(
            credential=credential.json_dict(),
            expected_challenge=challenge,
            expected_rp_id=app.settings.passkeys.domain,
            expected_origin=app.settings.passkeys.sites,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        logger.info("passkey refused", reason=str(error))
        raise _refused("The passkey was not made for this site, or without verifying who you are.") from None
    passkey = await repository.add(
        session,
        {
            "id": new_id(),
            "user_id": user_id,
            "credential_id": verified.credential_id,
            "public_key": verified.credential_public_key,
            "sign_count": verified.sign_count,
            "transports": credential.response.transports,
            "label": label,
            "backed_up": verified.credential_backed_up,
        },
    )
    if passkey is None:
        raise ConflictError("This passkey is registered already.")
    return passkey, await second_factors.codes_for_first(session, user_id)


async def register_in_session(
    session: AsyncSession,
    app: Resources,
    subject: Subject,
    trail: Trail,
    notices: Notices,
    *,
    label: str,
    credential: NewCredential,
) -> tuple[Passkey, list[str]]:
    """Register a passkey of the caller; the session has shown a second factor from now on."""
    passkey, codes = await register(session, app, subject.user_id, label=label, credential=credential)
    await sessions.note_method(session, subject, AuthenticationMethod.PASSKEY)
    await trail.record(session, "passkey.add", "passkey", passkey.id, details={"label": passkey.label})
    await notices.tell(session, subject.user_id, CredentialChange.PASSKEY_ADDED)
    return passkey, codes


async def request_options(session: AsyncSession, app: Resources, ceremony: Ceremony, user_id: UUID) -> dict[str, Any]:
    """What a browser needs to sign with one of the person's passkeys.

    Raises:
        NotFoundError: The person has none.
    """
    existing = await repository.all_of_user(session, user_id)
    if not existing:
        raise NotFoundError("You have no passkey.")
    return await _request(app, ceremony, user_id, existing)


async def sign_in_options(app: Resources) -> dict[str, Any]:
    """What a browser needs to sign with whichever passkey its owner chooses."""
    return await _request(app, Ceremony.SIGN_IN, None, ())


async def _request(
    app: Resources, ceremony: Ceremony, owner: UUID | None, allowed: Sequence[Passkey]
) -> dict[str, Any]:
    options = generate_authentication_options(
        rp_id=app.settings.passkeys.domain,
        challenge=await challenges.issue(app.redis, ceremony, owner),
        timeout=_TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _as_dict(options_to_json(options))


async def check(
    session: AsyncSession, app: Resources, ceremony: Ceremony, user_id: UUID, credential: ShownCredential
) -> AuthenticationMethod | None:
    """A passkey, if the person's own signed the challenge of that ceremony; None otherwise. A challenge is good once.

    A signature whose counter did not go up is refused, for a copy of the passkey may have made it.
    """
    owner = None if ceremony is Ceremony.SIGN_IN else user_id
    challenge = _challenge(credential.response.client_data_json)
    if challenge is None or not await challenges.spend(app.redis, ceremony, owner, challenge):
        return None
    try:
        passkey = await repository.find_credential(session, user_id, base64url_to_bytes(credential.raw_id))
        if passkey is None:
            return None
        verified = verify_authentication_response(
            credential=credential.json_dict(),
            expected_challenge=challenge,
            expected_rp_id=app.settings.passkeys.domain,
            expected_origin=app.settings.passkeys.sites,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        logger.warning("passkey refused", user_id=str(user_id), reason=str(error))
        return None
    await repository.note_use(
        session,
        passkey,
        sign_count=verified.new_sign_count,
        backed_up=verified.credential_backed_up,
        at=datetime.now(UTC),
    )
    return AuthenticationMethod.PASSKEY


def owner_of(credential: ShownCredential) -> UUID | None:
    """Who the passkey says its owner is; a signature must bear it out."""
    try:
        return UUID(bytes=base64url_to_bytes(credential.response.user_handle or ""))
    except ValueError:
        return None


async def rename(session: AsyncSession, subject: Subject, trail: Trail, passkey_id: UUID, label: str) -> Passkey:
    """The passkey with its new label.

    Raises:
        NotFoundError: The caller has no such passkey.
    """
    passkey = await _find(session, subject, passkey_id)
    await repository.rename(session, passkey, label)
    await trail.record(session, "passkey.rename", "passkey", passkey.id, details={"label": passkey.label})
    return passkey


async def remove(
    session: AsyncSession, app: Resources, subject: Subject, trail: Trail, notices: Notices, passkey_id: UUID
) -> None:
    """Forget one of the caller's passkeys.

    Raises:
        NotFoundError: The caller has no such passkey.
        ConflictError: It is the caller's last second factor, and one is required.
    """
    passkey = await _find(session, subject, passkey_id)
    await second_factors.refuse_to_remove_last(session, app, subject)
    await repository.remove(session, passkey.id)
    await second_factors.forget_codes_of_none(session, subject.user_id)
    await trail.record(session, "passkey.remove", "passkey", passkey_id)
    await notices.tell(session, subject.user_id, CredentialChange.PASSKEY_REMOVED)


async def _find(session: AsyncSession, subject: Subject, passkey_id: UUID) -> Passkey:
    passkey = await repository.find(session, subject.user_id, passkey_id)
    if passkey is None:
        raise NotFoundError("You have no such passkey.")
    return passkey


def _challenge(client_data: str) -> bytes | None:
    try:
        return parse_client_data_json(base64url_to_bytes(client_data)).challenge
    except _MALFORMED:
        return None


def _as_dict(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _refused(why: str) -> UnprocessableInputError:
    return UnprocessableInputError.at("/body/credential", "passkey_refused", why)
