"""Remembers which company and period had which values, in about 40 bytes a row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_SLOTS = 1 << 14
_ODD = np.uint64(0x9E3779B97F4A7C15)


class DuplicateIndex:
    """The rows so far by 64-bit hashes of company and period, in a table with open addressing.

    Python hashes text with a key of the process's own, so that nobody can write a file whose hashes collide; of
    37 million files with a million rows, one has two rows that are taken for the same company and period.
    """

    def __init__(self) -> None:
        self._slots = np.zeros(_FIRST_SLOTS, dtype=np.int32)
        self._keys = np.zeros(_FIRST_SLOTS // 2, dtype=np.uint64)
        self._contents = np.zeros(_FIRST_SLOTS // 2, dtype=np.uint64)
        self._lines = np.zeros(_FIRST_SLOTS // 2, dtype=np.int64)
        self._count = 0

    def add(
        self, keys: NDArray[np.uint64], contents: NDArray[np.uint64], lines: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Remember rows in their order.

        Args:
            keys: Of `row_keys`.
            contents: Of `row_contents`.
            lines: Where the rows stand.

        Returns:
            For each row the line of the first with its company and period, its own if it is the first; and whether its
            values are the first one's.
        """
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        entries = self._find(unique)
        new = entries < 0
        entries[new] = self._append(unique[new], contents[first[new]], lines[first[new]])
        found = entries[inverse]
        return self._lines[found], self._contents[found] == contents

    def _find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The number of each key's row, -1 where there is none."""
        found = np.full(len(keys), -1, dtype=np.int64)
        mask = np.uint64(len(self._slots) - 1)
        left, slots = np.arange(len(keys)), keys & mask
        while len(left):
            held = self._slots[slots].astype(np.int64) - 1
            same = (held >= 0) & (self._keys[held] == keys[left])
            found[left[same]] = held[same]
            others = (held >= 0) & ~same
            left, slots = left[others], (slots[others] + np.uint64(1)) & mask
        return found

    def _append(
        self, keys: NDArray[np.uint64], contents: NDArray[np.uint64], lines: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        numbers = np.arange(self._count, self._count + len(keys))
        self._count += len(keys)
        if self._count > len(self._keys):
            self._grow(numbers[0])
        self._keys[numbers], self._contents[numbers], self._lines[numbers] = keys, contents, lines
        self._give_slots(numbers)
        return numbers

    def _grow(self, rows: int) -> None:
        size = 1 << (self._count - 1).bit_length()
        self._keys = _longer(self._keys, size)
        self._contents = _longer(self._contents, size)
        self._lines = _longer(self._lines, size)
        self._slots = np.zeros(2 * size, dtype=np.int32)
        self._give_slots(np.arange(rows))

    def _give_slots(self, numbers: NDArray[np.int64]) -> None:
        mask = np.uint64(len(self._slots) - 1)
        slots = self._keys[numbers] & mask
        while len(numbers):
            free = self._slots[slots] == 0
            self._slots[slots[free]] = numbers[free] + 1
            without = self._slots[slots] != numbers + 1
            numbers, slots = numbers[without], (slots[without] + np.uint64(1)) & mask


def row_keys(companies: list[str], years: NDArray[np.int16], quarters: NDArray[np.int8]) -> NDArray[np.uint64]:
    """A hash of each row's company, by its key, and period."""
    hashes = np.fromiter(map(hash, companies), dtype=np.int64, count=len(companies)).view(np.uint64)
    periods = years.astype(np.uint64) * np.uint64(8) + quarters.astype(np.uint64)
    return np.asarray(hashes ^ (periods * _ODD))


def row_contents(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A hash of each row's numbers, shape (n, k): the same for equal values, missing ones and zeros of either sign."""
    # Adding zero turns -0.0 into 0.0.
    bits = np.where(np.isnan(values), np.nan, values + 0.0).view(np.uint64)
    mixed = np.zeros(len(values), dtype=np.uint64)
    for column in bits.T:
        mixed = (mixed ^ column) * _ODD
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _longer(column: NDArray[Any], size: int) -> NDArray[Any]:
    return np.concatenate([column, np.zeros(size - len(column), dtype=column.dtype)])
