"""An OpenID provider: its published metadata, its keys, and the two endpoints that this service asks itself."""

import json
from typing import Annotated, Any
from urllib.parse import quote_plus

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWKSet
from jwt.exceptions import PyJWKError, PyJWKSetError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from accunode_auth.outbound import check_url, guarded_client
from accunode_common.auth.jwks import RemoteKeys
from accunode_common.log import get_logger
from accunode_common.settings import Environment

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"})
"""The signatures that are accepted: never `none`, and none that the client's secret makes."""

_SMALLEST_RSA_KEY = 2048
_KEYS_MAX_AGE = 300.0
_KEYS_MIN_INTERVAL = 5.0
_MOST_PROVIDERS = 1000
_DISCOVERY_PATH = "/.well-known/openid-configuration"

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

logger = get_logger(__name__)


class ProviderError(Exception):
    """The provider cannot be used, or did not do as it should; the message says what was wrong, for the log."""


def _short(text: str) -> str:
    if len(text) > 2000:
        raise ValueError("is too long")
    return text


Url = Annotated[str, AfterValidator(_short)]


class Metadata(BaseModel):
    """What a provider publishes about itself (OpenID Connect Discovery 1.0), as far as it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: Url
    authorization_endpoint: Url
    token_endpoint: Url
    jwks_uri: Url
    userinfo_endpoint: Url | None = None
    end_session_endpoint: Url | None = None
    response_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    code_challenge_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False

    @property
    def algorithms(self) -> list[str]:
        """The accepted signatures among those that the provider makes."""
        return sorted(ALGORITHMS & set(self.id_token_signing_alg_values_supported))


class Reply(BaseModel):
    """What the token endpoint gives."""

    model_config = ConfigDict(extra="ignore")

    id_token: str = Field(max_length=64_000)
    access_token: str = Field(max_length=64_000)


def parse_provider_keys(document: dict[str, Any]) -> dict[str, PublicKey]:
    """The signature keys of a provider's JWKS document, by id; weak ones and other kinds are passed over.

    Raises:
        ValueError: The document is no key set.
    """
    try:
        key_set = PyJWKSet.from_dict(document)
    except (PyJWKError, PyJWKSetError, AttributeError, TypeError) as error:
        raise ValueError(f"not a usable key set: {error}") from error
    return {
        entry.key_id or "": entry.key
        for entry in key_set.keys
        if isinstance(entry.key, PublicKey)
        and entry.public_key_use in (None, "sig")
        and not (isinstance(entry.key, RSAPublicKey) and entry.key.key_size < _SMALLEST_RSA_KEY)
    }


class Providers:
    """Asks providers. One for the whole application; it remembers their keys.

    Args:
        environment: Plain HTTP to this machine is only for the local one.
        keys_min_interval: Seconds between two fetches of one provider's keys at the least.
    """

    def __init__(self, environment: Environment, *, keys_min_interval: float = _KEYS_MIN_INTERVAL) -> None:
        self._environment = environment
        self._client = guarded_client(environment)
        self._keys_min_interval = keys_min_interval
        self._keys: dict[str, RemoteKeys[PublicKey]] = {}

    async def discover(self, issuer: str) -> Metadata:
        """The metadata that the issuer publishes, checked.

        Raises:
            ProviderError: There is none, or it does not fit.
        """
        document = await self._json("GET", issuer.rstrip("/") + _DISCOVERY_PATH)
        try:
            metadata = Metadata.model_validate(document)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise ProviderError(f"its metadata is not usable: {where}: {fault['msg']}") from None
        self._check(metadata, issuer)
        return metadata

    def _check(self, metadata: Metadata, issuer: str) -> None:
        if metadata.issuer != issuer:
            raise ProviderError("its metadata names another issuer")
        for name in (
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "end_session_endpoint",
        ):
            url = getattr(metadata, name)
            try:
                if url is not None:
                    check_url(url, self._environment)
            except ValueError as error:
                raise ProviderError(f"its {name} {error}") from None
        if "code" not in metadata.response_types_supported:
            raise ProviderError("it does not offer the authorization code flow")
        if not metadata.algorithms:
            raise ProviderError("it signs ID tokens with no algorithm that is accepted")
        if metadata.code_challenge_methods_supported is not None and (
            "S256" not in metadata.code_challenge_methods_supported
        ):
            raise ProviderError("it does not offer PKCE with S256")

    async def key(self, metadata: Metadata, key_id: str, *, again: bool = False) -> PublicKey | None:
        """The provider's key of that id; one not known yet, or not fitting (`again`), is asked for now and then.

        Raises:
            ServiceUnavailableError: None is known and none can be had.
        """
        url = metadata.jwks_uri
        if url not in self._keys:
            while len(self._keys) >= _MOST_PROVIDERS:
                self._keys.pop(next(iter(self._keys)))
            self._keys[url] = RemoteKeys(
                self._client,
                url,
                parse=parse_provider_keys,
                max_age=_KEYS_MAX_AGE,
                min_interval=self._keys_min_interval,
            )
        return await self._keys[url].find(key_id, again=again)

    async def exchange(
        self, metadata: Metadata, *, client_id: str, client_secret: str, code: str, verifier: str, redirect_uri: str
    ) -> Reply:
        """What the token endpoint gives for an authorization code.

        Raises:
            ProviderError: It refused, or answered what cannot be used.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        options: dict[str, Any] = {"data": form}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749 section 2.3.1 encodes both parts before the Basic scheme does.
            options["auth"] = httpx.BasicAuth(quote_plus(client_id), quote_plus(client_secret))
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        try:
            return Reply.model_validate(await self._json("POST", metadata.token_endpoint, **options))
        except ValidationError:
            raise ProviderError("its token endpoint gave no ID token") from None

    async def user_info(self, metadata: Metadata, access_token: str) -> dict[str, Any]:
        """The claims of the userinfo endpoint; none where there is no such endpoint.

        Raises:
            ProviderError: It refused, or answered what cannot be used.
        """
        if metadata.userinfo_endpoint is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        return await self._json("GET", metadata.userinfo_endpoint, headers=headers)

    async def _json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            reply = await self._client.request(method, url, **options)
            if not reply.is_success:
                raise ProviderError(f"it answered {reply.status_code}{_oauth_error(reply)}")
            document = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderError(f"it cannot be asked: {error}") from error
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise ProviderError("it answered no JSON") from None
        if not isinstance(document, dict):
            raise ProviderError("it answered no JSON object")
        return document


def _oauth_error(reply: httpx.Response) -> str:
    """The error code of RFC 6749 section 5.2, if the reply has one."""
    try:
        code = reply.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" ({code})" if isinstance(code, str) and code.isprintable() and len(code) < 60 else ""
