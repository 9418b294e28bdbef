"""An OpenID provider that does as a test says: it signs anything, and asks nobody to sign in."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


@dataclass
class LyingProvider:
    """What the provider says, and what it was asked.

    Attributes:
        claims: Claims of the ID token in place of the true ones; None leaves one out.
        header: Likewise of its header.
        signing_key: What signs in place of the published key.
        metadata: Its metadata in place of the true ones.
        user_info: What its userinfo endpoint says; None for no such endpoint.
        raw: Replies by path, in place of the true ones.
        keys_fetched: How often its keys were asked for.
        keys_name: Makes the address of its keys its own, as another provider may have had its port just before.
    """

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signing_key: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] | None = None
    raw: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    keys_fetched: int = 0
    keys_name: str = field(default_factory=lambda: secrets.token_hex(8))
    nonce: str = ""
    challenge: str = ""
    used_codes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rotate("first")

    def rotate(self, key_id: str, *, bits: int = 2048) -> None:
        self.key, self.key_id = rsa.generate_private_key(public_exponent=65537, key_size=bits), key_id

    def elliptic(self, key_id: str) -> None:
        self.key, self.key_id = ec.generate_private_key(ec.SECP256R1()), key_id

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256"

    def document(self) -> dict[str, Any]:
        true = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks?{self.keys_name}",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["S256"],
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.user_info is not None else {}),
        }
        return {name: value for name, value in {**true, **self.metadata}.items() if value is not None}

    def key_set(self) -> dict[str, Any]:
        self.keys_fetched += 1
        kind = RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm
        return {"keys": [{**kind.to_jwk(self.key.public_key(), as_dict=True), "kid": self.key_id, "use": "sig"}]}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        told = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT", **header, **self.header}
        key = self.signing_key if self.signing_key is not None else self.key
        kept = {name: value for name, value in claims.items() if value is not None}
        others = {name: value for name, value in told.items() if name != "alg"}
        return jwt.encode(kept, key, algorithm=told["alg"], headers=others)

    def id_token(self, access_token: str) -> str:
        now = int(time.time())
        true = {"iss": self.issuer, "aud": "accunode", "sub": "ada", "iat": now, "exp": now + 300, "nonce": self.nonce}
        return self.sign({**true, "at_hash": half_hash(access_token), **self.claims})

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        true = {"iss": self.issuer, "aud": "accunode", "sub": "ada", "iat": now, "exp": now + 120, "events": event}
        typ = changes.pop("typ", "logout+jwt")
        return self.sign({**true, "jti": f"{time.time_ns()}", **changes}, typ=typ)

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        verifier = form.get("code_verifier", "")
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if form.get("code", "") in self.used_codes or made != self.challenge:
            return 400, {"error": "invalid_grant"}
        self.used_codes.add(form["code"])
        return 200, {
            "access_token": "an access token",
            "token_type": "Bearer",
            "id_token": self.id_token("an access token"),
        }


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """The provider, listening on this machine."""
    provider = LyingProvider()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, form: dict[str, str] | None) -> None:
            path = self.path.partition("?")[0]
            status, headers = 200, {"Content-Type": "application/json"}
            if path in provider.raw:
                status, headers, body = provider.raw[path]
            elif path == "/.well-known/openid-configuration":
                body = json.dumps(provider.document()).encode()
            elif path == "/jwks":
                body = json.dumps(provider.key_set()).encode()
            elif path == "/userinfo":
                body = json.dumps(provider.user_info).encode()
            elif path == "/token" and form is not None:
                status, told = provider.exchange(form)
                body = json.dumps(told).encode()
            else:
                status, body = 404, b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))

        def log_message(self, *_told: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
