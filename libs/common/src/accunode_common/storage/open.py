"""Which store a URL names: the one place that knows them all."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from accunode_common.storage.base import Storage, StorageError
from accunode_common.storage.local import LocalStorage


def open_storage(url: str) -> Storage:
    """The storage that a URL names: `file:///folder` or `s3://bucket/prefix`.

    S3 takes its region and credentials from the usual AWS variables or the machine's role, and its endpoint from
    `AWS_ENDPOINT_URL`; it needs the `storage` extra.

    Raises:
        StorageError: The URL is none of these, or the folder cannot be written.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return LocalStorage(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        # Not above: obstore is heavy, and only the `storage` extra brings it.
        from accunode_common.storage.s3 import S3Storage

        return S3Storage(bucket=parts.netloc, prefix=parts.path.strip("/"))
    raise StorageError("The storage URL must be file:///folder or s3://bucket/prefix.")
