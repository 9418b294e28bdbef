"""What stands in an account before anything is deployed, and what `secrets` and a push add to it."""

import hashlib
import json
from typing import Any

import trustme
from infra.cli.tests.emulator.server import ACCOUNT, REGION, Emulator

DOMAIN = "api.example.com"
IMAGES = ("auth", "tenants", "predictions", "bulk-upload", "worker")
SECRETS = {
    "auth": ("database-url", "redis-url", "signing-keys", "mfa-key"),
    "tenants": ("database-url", "redis-url"),
    "predictions": ("database-url", "redis-url"),
    "bulk-upload": ("database-url", "redis-url"),
    "worker": ("database-url", "redis-url"),
    "relay": ("database-url", "redis-url"),
    "migrate": ("admin-url", "role-passwords", "redis-url"),
    "data": ("master-password",),
    "cache": ("auth-token",),
    "queue-metric": ("redis-token",),
}


def stands(emulator: Emulator) -> set[str]:
    """The names of the stacks that stand."""
    return {each.name for each in emulator.engine.standing()}


def certificate(emulator: Emulator, domain: str = DOMAIN) -> str:
    """An issued certificate; its ARN."""
    issued = trustme.CA().issue_cert(domain)
    return emulator.client("acm").import_certificate(
        Certificate=issued.cert_chain_pems[0].bytes(), PrivateKey=issued.private_key_pem.bytes()
    )["CertificateArn"]


def write_secrets(emulator: Emulator, environment: str = "production") -> None:
    """Write a secret of each name; 24 letters, as a database wants of a password."""
    for reader, names in SECRETS.items():
        for name in names:
            emulator.client("ssm").put_parameter(
                Name=f"/accunode/{environment}/{reader}/{name}", Value="a" * 24, Type="SecureString", Overwrite=True
            )


def push(emulator: Emulator, tag: str) -> dict[str, str]:
    """Push an image of each service under a tag; their references by name. The registry's stack must stand."""
    return {name: _push(emulator.client("ecr"), f"accunode/{name}", tag) for name in IMAGES}


def _push(ecr: Any, repository: str, tag: str) -> str:
    variant = "sha256:" + hashlib.sha256(f"{repository}:{tag}".encode()).hexdigest()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": variant,
                "size": 1,
                "platform": {"architecture": "amd64", "os": "linux"},
            }
        ],
    }
    made = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)["image"]
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}@{made['imageId']['imageDigest']}"
