"""Writes the documentation that the gateway serves: the merged OpenAPI document, the page, and its scripts."""

import asyncio
import importlib.resources
import shutil
import tempfile
from pathlib import Path

import httpx

from accunode_common.routing import SERVICES
from accunode_devstack.gateway import DOCS_PATH, DOCS_SCRIPT_PATH, OPENAPI_PATH, build_gateway
from accunode_docker.secrets import lay_out


def write_pages(target: Path) -> None:
    """Write `openapi.json`, `docs.html`, `start.js` and `assets/` as the local gateway answers; contacts nothing."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        secret = Path(folder)
        values = {
            service.name: {
                "database_url": (secret / service.name / "accunode_database_url").read_text(),
                "redis_url": (secret / service.name / "accunode_redis_url").read_text(),
                "storage_url": f"file://{folder}/objects",
                "jwks_url": "http://gateway/.well-known/jwks.json",
                "signing_key_file": str(secret / "auth" / "signing-key.pem"),
                "mfa_key": (secret / "auth" / "accunode_mfa_key").read_text(),
            }
            for service in SERVICES
        }
        pages = asyncio.run(_fetch(values))
    for name, content in pages.items():
        (target / name).write_bytes(content)
    with importlib.resources.as_file(importlib.resources.files("fastapi_offline") / "static") as assets:
        shutil.copytree(assets, target / "assets", dirs_exist_ok=True)


async def _fetch(values: dict[str, dict[str, str]]) -> dict[str, bytes]:
    transport = httpx.ASGITransport(app=build_gateway(values))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        pages = {}
        for name, path in {"openapi.json": OPENAPI_PATH, "docs.html": DOCS_PATH, "start.js": DOCS_SCRIPT_PATH}.items():
            reply = await client.get(path)
            reply.raise_for_status()
            pages[name] = reply.content
    return pages
