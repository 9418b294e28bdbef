"""Why a file cannot be read as a table."""

from enum import StrEnum


class TabularErrorCode(StrEnum):
    """Stable codes of refused files."""

    EMPTY_FILE = "empty_file"
    UNREADABLE_FILE = "unreadable_file"
    UNSUPPORTED_FORMAT = "unsupported_format"
    ENCRYPTED_FILE = "encrypted_file"
    UNKNOWN_ENCODING = "unknown_encoding"
    FILE_TOO_LARGE = "file_too_large"
    FILE_TOO_COSTLY = "file_too_costly"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    CELL_TOO_LONG = "cell_too_long"
    UNKNOWN_SHEET = "unknown_sheet"
    NO_HEADER = "no_header"
    MISSING_COLUMNS = "missing_columns"
    AMBIGUOUS_COLUMNS = "ambiguous_columns"
    NO_DATA_ROWS = "no_data_rows"


class TabularError(Exception):
    """The file as a whole is refused.

    Attributes:
        code: A stable code for programs.
        message: What is wrong, where, and what to do, for people.
    """

    def __init__(self, code: TabularErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
