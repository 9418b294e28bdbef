"""Remembers which company and period had which values, in about 150 bytes a row."""

from hashlib import blake2b

_LINE_BITS = 32
_LINE_MASK = (1 << _LINE_BITS) - 1
_VALUE_MASK = (1 << 48) - 1


class DuplicateIndex:
    """The accepted rows so far, by 128-bit digests of company and period: a million rows take some 150 MB."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def add(self, company_key: str, year: int, quarter: int, values: bytes, line: int) -> tuple[int, bool] | None:
        """Remember a row, or tell the line of the earlier one with its company and period and whether it is the same.

        `values` are the row's numbers as bytes, equal for equal values.
        """
        digest = blake2b(f"{year}|{quarter}|{company_key}".encode(), digest_size=16).digest()
        key = int.from_bytes(digest, "little")
        content = hash(values) & _VALUE_MASK
        earlier = self._seen.setdefault(key, (content << _LINE_BITS) | (line & _LINE_MASK))
        earlier_line = earlier & _LINE_MASK
        if earlier_line == line:
            return None
        return earlier_line, earlier >> _LINE_BITS == content
