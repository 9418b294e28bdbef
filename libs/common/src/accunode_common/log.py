"""Structured logs: one event a line, with the request's id and caller, and never a secret."""

import logging
import re
import sys
import threading
from collections.abc import Mapping
from functools import lru_cache, partial
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from accunode_common.settings import LogFormat, LogSettings

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|credential|otp|recovery", re.IGNORECASE
)
_HARMLESS_KEYS = frozenset({"token_type", "tokens_issued"})
_IN_ADDRESS = r"[^\s@\"'<>(){}\[\],;:=/?&\\]"
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"  # a JSON Web Token
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # the credentials of a URL
    r"|(?i:(?<=bearer )\S+)"
    r"|\b[a-z]{2,10}_[\w-]{60,}"  # an opaque credential
    r"|" + _IN_ADDRESS + r"{1,64}(?:@|%40)" + _IN_ADDRESS + r"{1,255}\.[^\W\d_]{2,}"  # an e-mail address
)
# What PostgreSQL and pydantic add to their messages are the values themselves.
_VALUES = re.compile(
    r"\n(?:DETAIL|CONTEXT|HINT|QUERY|STATEMENT|LINE \d+): .*|\[parameters: .*|(?:input_value=|'input': ).*", re.DOTALL
)


# Local variables hold passwords and tokens, so no traceback shows them.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_PLAIN_TRACEBACKS = structlog.processors.format_exc_info


_MARKS = ("@", "%40", "://", "eyj", "bearer ", "\n", "[parameters: ", "input_value=", "'input': ")
_SHORTEST_UNMARKED = 60
"""Every pattern above needs one of these marks, in lower case, or is longer: most values need not be searched."""


def console_renderer(*, colors: bool) -> Processor:
    """Lines for people; tracebacks are plain."""
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        lowered = value.lower()
        if len(value) < _SHORTEST_UNMARKED and not any(mark in lowered for mark in _MARKS):
            return value
        return _SECRET_TEXT.sub(REDACTED, _VALUES.sub(f" {REDACTED}", value))
    if isinstance(value, Mapping):
        return {key: REDACTED if _is_secret(str(key)) else _redacted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(item) for item in value]
    return value


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return key not in _HARMLESS_KEYS and _SECRET_KEY.search(key) is not None


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of keys that name secrets, and credentials, e-mail addresses and values inside any text."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key) else _redacted(value)
    return event


class _Lines:
    """Writes each line at once, without a lock that a fork could copy while it is held."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self.name = name
        self._stream = stream

    def msg(self, line: str) -> None:
        self._stream.write(f"{line}\n")

    debug = info = warning = error = critical = msg


def configure_logging(settings: LogSettings, *, service: str) -> None:
    """Send structlog's and the standard library's records, made alike, to standard error.

    Called once by a process's entry point; applications themselves configure nothing.
    """

    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
    ]
    rendering: list[Processor] = (
        [_TRACEBACKS, redact_secrets, structlog.processors.JSONRenderer()]
        if settings.format is LogFormat.JSON
        else [_PLAIN_TRACEBACKS, redact_secrets, console_renderer(colors=sys.stderr.isatty())]
    )
    level = settings.level.upper()
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=partial(_Lines, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda ended: _log_uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    """The last resort: what nobody caught is a log line like any other, without local variables and values."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), traceback)
        return
    get_logger(__name__).critical("uncaught error", exc_info=(kind, error, traceback))


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger for the module `name`; give it events as short phrases and facts as keywords."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger
