"""Columns of text looked at as bytes: which rows have any of some, without a Python object for each."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def octets_of(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The bytes of all texts in UTF-8, and where each begins, and the last one ends."""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    octets = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    return octets, offsets - offsets[0]


def having(offsets: NDArray[np.int32], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which texts have a byte that is wanted; `wanted` has a place for each byte of the column."""
    before = np.concatenate([[0], np.cumsum(wanted)])
    return np.asarray(before[offsets[1:]] > before[offsets[:-1]])


def table(wanted: bytes) -> NDArray[np.bool_]:
    """For each value of a byte whether it is among these."""
    found = np.zeros(256, dtype=bool)
    found[list(wanted)] = True
    return found
