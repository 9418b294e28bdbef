"""Model versions: what serves, promoting and rolling back, challengers, and files that do not fit."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem
from accunode_predictions.app import create_app
from accunode_predictions.settings import PredictionsSettings
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.library import MANIFEST, SHIPPED_MODELS

MODELS = "/api/v1/models"
ANNUAL = "/api/v1/predictions/annual"
OTHER = "0.0.1-test"
Body = Callable[..., dict[str, Any]]
Open = Callable[[Path], Awaitable[ServiceClient]]


def _champion() -> str:
    return ModelLibrary.load().champion(Kind.ANNUAL).version


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped models, and a second annual version that takes every company to be riskier."""
    folder = tmp_path_factory.mktemp("models") / "models"
    shutil.copytree(SHIPPED_MODELS, folder)
    shutil.copytree(folder / "annual" / _champion(), folder / "annual" / OTHER)
    model = folder / "annual" / OTHER / "model.json"
    document = json.loads(model.read_bytes())
    document["version"] = OTHER
    document["ensemble"]["1y"]["intercept"] += 1.0
    model.write_text(json.dumps(document))
    (folder / "annual" / OTHER / "card.md").write_text("# A card")
    (folder / "annual" / OTHER / "metrics.json").write_text('{"auc": 0.84}')
    _enter(folder, OTHER, status="candidate")
    return folder


def _enter(folder: Path, version: str, *, status: str) -> None:
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in (folder / "annual" / version).iterdir()}
    path = folder / MANIFEST
    manifest = json.loads(path.read_bytes())
    others = [each for each in manifest["models"] if (each["kind"], each["version"]) != ("annual", version)]
    entry = {"kind": "annual", "version": version, "status": status, "files": files}
    path.write_text(json.dumps({**manifest, "models": [*others, entry]}))


@pytest.fixture
async def open_service(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[Open]:
    """Starts services with given model files, as processes of their own would be."""
    async with AsyncExitStack() as stack:

        async def start(folder: Path) -> ServiceClient:
            settings = make_settings(PredictionsSettings, DatabaseRole.PREDICTIONS, models_dir=folder)
            return await stack.enter_async_context(running(create_app(settings, issuer.source)))

        yield start


@pytest.fixture
def registry(api: ServiceClient, superuser: psycopg.Connection) -> Any:
    """Puts the registry back as it was once a service had entered its versions: it is every test's."""
    before = superuser.execute("SELECT kind, version, status FROM registry.model_versions").fetchall()
    yield superuser
    superuser.execute("UPDATE registry.model_versions SET status = 'retired' WHERE status = 'champion'")
    superuser.execute("DELETE FROM registry.shadow_scores")
    superuser.execute("DELETE FROM registry.model_versions WHERE version = %s", [OTHER])
    for kind, version, status in before:
        superuser.execute(
            "UPDATE registry.model_versions SET status = %s WHERE kind = %s AND version = %s", [status, kind, version]
        )


async def test_the_librarys_versions_are_in_the_registry_and_its_champions_serve(
    api: ServiceClient, world: World
) -> None:
    items = (await api.as_(world.user).get(MODELS)).json()["items"]
    serving = {each["kind"]: each["version"] for each in items if each["status"] == "champion"}
    library = ModelLibrary.load()
    assert serving["annual"] == library.champion(Kind.ANNUAL).version
    assert serving["quarterly"] == library.champion(Kind.QUARTERLY).version
    assert all(each["available"] for each in items)


async def test_a_version_shows_its_reference_population(api: ServiceClient, world: World, annual_body: Body) -> None:
    shown = (await api.as_(world.user).get(f"{MODELS}/annual/{_champion()}")).json()
    assert [each["ratio"] for each in shown["reference_population"]] == list(annual_body()["ratios"])
    for each in shown["reference_population"]:
        assert each["usual_low"] <= each["median"] <= each["usual_high"]
    assert_problem(await api.as_(world.user).get(f"{MODELS}/annual/9.9.9"), 404, "not_found")
    assert_problem(await api.as_(world.user).get(f"{MODELS}/weekly/{_champion()}"), 422, pointer="/path/kind")


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_shipped_version_comes_with_its_card(api: ServiceClient, world: World, kind: Kind) -> None:
    url = f"{MODELS}/{kind}/{ModelLibrary.load().champion(kind).version}"
    reply = await api.as_(world.user).get(f"{url}/card")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/markdown")
    assert reply.text.startswith(f"# {kind.capitalize()} model")
    assert "## Limits of use" in reply.text
    assert "](" not in reply.text, "links of a repository lead nowhere from here"
    assert (await api.as_(world.user).get(url)).json()["card"] == reply.text


async def test_a_version_without_a_card_says_so(
    open_service: Open, registry: psycopg.Connection, two_versions: Path, tmp_path: Path, world: World
) -> None:
    folder = Path(shutil.copytree(two_versions, tmp_path / "models"))
    (folder / "annual" / OTHER / "card.md").unlink()
    _enter(folder, OTHER, status="candidate")
    user = (await open_service(folder)).as_(world.user)
    assert_problem(await user.get(f"{MODELS}/annual/{OTHER}/card"), 404, "not_found")
    assert_problem(await user.get(f"{MODELS}/annual/9.9.9/card"), 404, "not_found")
    assert (await user.get(f"{MODELS}/annual/{OTHER}")).json()["card"] is None


@pytest.mark.parametrize("who", ["tenant_admin", "org_admin", "org_member"])
async def test_only_super_admins_promote(api: ServiceClient, world: World, who: str) -> None:
    client = api.as_(getattr(world.one, who))
    assert_problem(await client.put(f"{MODELS}/annual/active", json={"version": "1"}), 403, "forbidden")
    assert_problem(await client.put(f"{MODELS}/annual/challenger", json={"version": "1"}), 403, "forbidden")


async def test_a_promotion_serves_in_every_process_within_seconds_and_is_rolled_back(
    open_service: Open, registry: psycopg.Connection, two_versions: Path, world: World, annual_body: Body
) -> None:
    here, there = await open_service(two_versions), await open_service(two_versions)
    admin, user = here.as_(world.super_admin), there.as_(world.user)
    first = (await user.post(ANNUAL, json=annual_body())).json()
    assert first["model_version"] == _champion()
    reply = await admin.put(f"{MODELS}/annual/active", json={"version": OTHER})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["status"], reply.json()["promoted_by"]) == ("champion", str(world.super_admin.user_id))
    scored = await _until(user, annual_body, OTHER)
    assert scored["pd"] > first["pd"]
    explained = (await user.get(f"{ANNUAL}/{first['id']}/explanation")).json()
    assert (explained["model_version"], explained["pd"]) == (first["model_version"], first["pd"])
    rescored = (await user.put(f"{ANNUAL}/{first['id']}", json={})).json()
    assert (rescored["model_version"], rescored["pd"]) == (OTHER, pytest.approx(scored["pd"], rel=1e-12))
    assert (await admin.put(f"{MODELS}/annual/active", json={"version": first["model_version"]})).status_code == 200
    await _until(user, annual_body, first["model_version"])
    trail = registry.execute(
        "SELECT details ->> 'from', details ->> 'to' FROM audit.events"
        " WHERE action = 'model.promote' AND actor_id = %s ORDER BY id",
        [world.super_admin.user_id],
    ).fetchall()
    assert trail == [(_champion(), OTHER), (OTHER, _champion())]


async def _until(client: Any, annual_body: Body, version: str) -> dict[str, Any]:
    # It takes two seconds; a busy machine gets as long as it needs.
    async with asyncio.timeout(60):
        while True:
            reply = await client.post(f"{ANNUAL}/score", json={"rows": [{"ratios": annual_body()["ratios"]}]})
            row: dict[str, Any] = reply.json()["items"][0]
            if row["model_version"] == version:
                return row
            await asyncio.sleep(0.2)


async def test_of_simultaneous_promotions_one_champion_is_left(
    open_service: Open, registry: psycopg.Connection, two_versions: Path, world: World
) -> None:
    admin = (await open_service(two_versions)).as_(world.super_admin)
    versions = [OTHER, _champion()] * 3
    replies = await asyncio.gather(
        *(admin.put(f"{MODELS}/annual/active", json={"version": version}) for version in versions)
    )
    assert {reply.status_code for reply in replies} == {200}
    champions = registry.execute(
        "SELECT count(*) FROM registry.model_versions WHERE kind = 'annual' AND status = 'champion'"
    ).fetchone()
    assert champions == (1,)


async def test_a_challenger_is_scored_beside_the_champion_and_its_differences_can_be_read(
    open_service: Open, registry: psycopg.Connection, two_versions: Path, world: World, annual_body: Body
) -> None:
    api = await open_service(two_versions)
    admin, user = api.as_(world.super_admin), api.as_(world.user)
    reply = await admin.put(f"{MODELS}/annual/challenger", json={"version": _champion()})
    assert_problem(reply, 409, "conflict")
    reply = await admin.put(f"{MODELS}/annual/challenger", json={"version": OTHER})
    assert reply.status_code == 200, reply.text
    made = (await user.post(ANNUAL, json=annual_body())).json()
    assert made["model_version"] == _champion()
    shown = (await user.get(f"{MODELS}/annual/{OTHER}")).json()
    assert (shown["card"], shown["metrics"], shown["status"]) == ("# A card", {"auc": 0.84}, "challenger")
    shadow = shown["shadow"]
    assert shadow["count"] == 1
    assert shadow["mean_difference"] == shadow["largest_difference"] > 0
    stranger = (await api.as_(world.two.org_member).get(f"{MODELS}/annual/{OTHER}")).json()["shadow"]
    assert (stranger["count"], stranger["mean_difference"]) == (0, None)
    await admin.put(f"{MODELS}/annual/challenger", json={"version": None})
    await user.post(ANNUAL, json=annual_body(fiscal_year=2020))
    assert (await user.get(f"{MODELS}/annual/{OTHER}")).json()["shadow"]["count"] == 1


async def test_files_that_differ_from_the_registry_never_score(
    open_service: Open,
    registry: psycopg.Connection,
    two_versions: Path,
    tmp_path: Path,
    world: World,
    annual_body: Body,
) -> None:
    changed = tmp_path / "models"
    shutil.copytree(two_versions, changed)
    model = changed / "annual" / _champion() / "model.json"
    model.write_text(model.read_text() + " ")
    _enter(changed, _champion(), status="champion")
    api = await open_service(changed)
    assert_problem(await api.as_(world.user).post(ANNUAL, json=annual_body()), 503, "service_unavailable")
    items = (await api.as_(world.user).get(MODELS)).json()["items"]
    available = {each["version"]: each["available"] for each in items if each["kind"] == "annual"}
    assert available.items() >= {_champion(): False, OTHER: True}.items()
    reply = await api.as_(world.super_admin).put(f"{MODELS}/annual/active", json={"version": OTHER})
    assert reply.status_code == 200, reply.text
    assert (await api.as_(world.user).post(ANNUAL, json=annual_body())).json()["model_version"] == OTHER
