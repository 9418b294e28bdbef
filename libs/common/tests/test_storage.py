"""Objects in a local folder, and in S3 as moto speaks it."""

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from accunode_common.storage.base import (
    InvalidKeyError,
    ObjectNotFoundError,
    ObjectTooLargeError,
    Storage,
    StorageError,
    tenant_key,
)
from accunode_common.storage.local import LocalStorage
from accunode_common.storage.open import open_storage

TENANT = UUID("0192d6d4-0000-7000-8000-000000000001")
BUCKET = "objects"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of an empty bucket in a store on this machine, which the AWS variables lead to."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    try:
        httpx.put(f"http://{host}:{port}/{BUCKET}").raise_for_status()
        with pytest.MonkeyPatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            yield f"s3://{BUCKET}"
    finally:
        server.stop()


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "s3":
        return open_storage(f"{request.getfixturevalue('s3')}/{uuid4()}")
    return open_storage(f"file://{tmp_path}/objects")


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_stream_is_stored_with_its_size_and_hash(storage: Storage) -> None:
    key = tenant_key(TENANT, "uploads", "a.csv")

    stored = await storage.put_stream(key, stream(b"company,year\n", b"Acme,2014\n"))

    content = b"company,year\nAcme,2014\n"
    assert stored.key == key
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert b"".join(storage.get(key, chunk_bytes=5)) == content
    assert storage.size(key) == len(content)


@pytest.mark.parametrize("content", [b"", b"abc", b"x" * 3_000_000])
def test_what_is_put_is_got_back(storage: Storage, content: bytes) -> None:
    key = tenant_key(TENANT, "chunks", "1.parquet")
    storage.put(key, b"an earlier object")

    storage.put(key, content)

    assert b"".join(storage.get(key)) == content
    assert all(len(chunk) <= 1000 for chunk in storage.get(key, chunk_bytes=1000))


async def test_an_object_of_many_megabytes_is_stored_whole(storage: Storage) -> None:
    key = tenant_key(TENANT, "uploads", "large.csv")
    pieces = [bytes([number]) * 1_000_000 for number in range(20)]

    stored = await storage.put_stream(key, stream(*pieces))

    assert stored.size == storage.size(key) == 20_000_000
    with storage.open(key) as source:
        assert hashlib.sha256(source.read()).hexdigest() == stored.sha256


def test_a_file_and_an_iterator_can_be_put(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(b"line\n" * 1000)
    with source.open("rb") as opened:
        assert storage.put(tenant_key(TENANT, "file"), opened).size == 5000
    assert storage.put(tenant_key(TENANT, "iterator"), iter([b"a", b"bc"])).size == 3


def test_an_object_opens_for_seeking(storage: Storage) -> None:
    key = tenant_key(TENANT, "seek")
    storage.put(key, b"0123456789")
    with storage.open(key) as source:
        source.seek(-3, 2)
        assert source.read() == b"789"


def test_arrow_reads_an_object_where_it_lies(storage: Storage) -> None:
    table = pa.table({"row": [1, 2, 3]})
    written = io.BytesIO()
    pq.write_table(table, written)
    key = tenant_key(TENANT, "chunks", "1.parquet")
    storage.put(key, written.getvalue())
    with storage.open(key) as source:
        assert pq.read_table(source) == table


async def test_a_stream_over_its_limit_stores_nothing(storage: Storage) -> None:
    key = tenant_key(TENANT, "uploads", "big.csv")
    with pytest.raises(ObjectTooLargeError, match="longer than 10 bytes"):
        await storage.put_stream(key, stream(b"12345", b"67890", b"1"), max_bytes=10)
    with pytest.raises(ObjectTooLargeError):
        storage.put(key, b"12345678901", max_bytes=10)
    assert not storage.exists(key)
    assert list(storage.list(str(TENANT))) == []
    assert (await storage.put_stream(key, stream(b"12345", b"67890"), max_bytes=10)).size == 10


async def test_a_stream_that_breaks_leaves_the_earlier_object(storage: Storage) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError("the client went away")

    key = tenant_key(TENANT, "uploads", "a.csv")
    storage.put(key, b"whole")
    with pytest.raises(ConnectionError):
        await storage.put_stream(key, broken())
    assert b"".join(storage.get(key)) == b"whole"
    assert list(storage.list(str(TENANT))) == [key]


def test_a_missing_object_is_named(storage: Storage) -> None:
    key = tenant_key(TENANT, "missing")
    for call in (storage.open, storage.size, storage.get):
        with pytest.raises(ObjectNotFoundError, match="missing"):
            call(key)
    assert not storage.exists(key)
    storage.delete(key)


def test_a_prefix_is_listed_and_deleted_without_its_neighbours(storage: Storage) -> None:
    mine = [tenant_key(TENANT, "jobs", "1", name) for name in ("a", "b")]
    other = tenant_key(TENANT, "jobs", "10", "a")
    for key in (*mine, other):
        storage.put(key, b"x")

    assert list(storage.list(tenant_key(TENANT, "jobs", "1"))) == mine
    assert storage.delete_prefix(tenant_key(TENANT, "jobs", "1")) == 2
    assert storage.delete_prefix(tenant_key(TENANT, "jobs", "1")) == 0
    assert list(storage.list(str(TENANT))) == [other]


@pytest.mark.parametrize("part", ["", "..", ".", "a/../b", "/etc", "a\\b", "a\x00b", "ü", "a b", "x" * 201])
def test_a_part_that_could_leave_its_folder_is_refused(part: str) -> None:
    with pytest.raises(InvalidKeyError):
        tenant_key(TENANT, "uploads", part)


@pytest.mark.parametrize("key", ["../outside", "a/../../b", "/absolute", "a//b", ""])
def test_every_operation_refuses_such_a_key(storage: Storage, key: str) -> None:
    for call in (storage.open, storage.size, storage.list, storage.delete, storage.delete_prefix):
        with pytest.raises(InvalidKeyError):
            call(key)
    with pytest.raises(InvalidKeyError):
        storage.put(key, b"x")


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    storage = LocalStorage(tmp_path / "objects")
    (tmp_path / "objects" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidKeyError):
        storage.put("link/file", b"x")


def test_readers_never_see_half_a_write(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("key", b"a" * 1000)
    halfway, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"b" * 1000
        halfway.set()
        go_on.wait(10)
        yield b"b" * 1000

    writer = threading.Thread(target=storage.put, args=("key", slow()))
    writer.start()
    halfway.wait(10)
    seen_meanwhile = b"".join(storage.get("key"))
    listed_meanwhile = list(storage.list("key")) or [path.name for path in tmp_path.iterdir() if path.suffix == ""]
    go_on.set()
    writer.join()

    assert seen_meanwhile == b"a" * 1000
    assert listed_meanwhile == ["key"]
    assert b"".join(storage.get("key")) == b"b" * 2000


async def test_a_bucket_that_does_not_exist_is_said_in_one_sentence(s3: str) -> None:
    storage = open_storage(f"{s3}-of-nobody")
    with pytest.raises(StorageError, match=r"refused 'key': [^\n]+\.$"):
        storage.put("key", b"x")
    with pytest.raises(StorageError, match=r"refused 'key': [^\n]+\.$"):
        await storage.put_stream("key", stream(b"x"))


@pytest.mark.parametrize("url", ["", "relative/folder", "http://host/x", "file://host/x", "s3:///prefix"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match="file:///folder or s3://bucket/prefix"):
        open_storage(url)


def test_a_folder_is_opened_without_the_libraries_of_s3(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from accunode_common.storage.open import open_storage\n"
        f"open_storage('file://{tmp_path}')\n"
        "sys.exit('obstore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
