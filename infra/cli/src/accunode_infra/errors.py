"""What the user is told when something does not go: one sentence, and an exit code that a script can act on."""

from collections.abc import Mapping
from typing import Any


class InfraError(Exception):
    """What was wrong, where, and what to do, in one sentence.

    `code` is the command's exit code, and `document` what `--json` prints beside the sentence.
    """

    code = 1

    def __init__(self, message: str, *, document: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.document = document or {}


class FailedError(InfraError):
    """Something was begun and did not end well."""


class UsageError(InfraError):
    """The command was called in a way that cannot be meant."""

    code = 2


class RefusedError(InfraError):
    """Found wrong before anything was done; nothing has changed."""

    code = 3


class CheckError(InfraError):
    """A check (doctor, verify, drift) says no."""

    code = 4
