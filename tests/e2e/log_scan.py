"""Looks through a stack's logs for what no log may hold: secrets, e-mail addresses, names and figures of obligors."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from accunode_devstack.endpoints import read_endpoints
from accunode_devstack.state import State

SHORTEST_NAME = 8
SAMPLE = 300
PATTERNS = {
    "an e-mail address": re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"),
    "a JSON Web Token": re.compile(r"eyJ[\w-]{8,}\.[\w-]+"),
    "an opaque credential": re.compile(r"\b[a-z]{2,10}_[A-Za-z0-9_-]{60,}"),
    "the credentials of a URL": re.compile(r"://[^/\s:@\[]*:[^/\s@\[*]+@"),
    "a password hash": re.compile(r"\$argon2id?\$"),
    "parameters of a statement": re.compile(r"\[parameters: [^\[]|DETAIL:  |CONTEXT:  COPY"),
}
# The worker's own name, which Celery writes.
HARMLESS = re.compile(r"celery@[\w.-]+")


@dataclass(frozen=True)
class Finding:
    """What a line of a log holds and must not."""

    file: str
    line: int
    kind: str
    text: str


def scan(folder: Path, known: Mapping[str, Iterable[str]]) -> list[Finding]:
    """What the logs in `folder` hold by `PATTERNS`, and of what is `known` by kind."""
    files = {file: file.read_text(errors="replace") for file in sorted(folder.rglob("*.log"))}
    found = []
    for file, text in files.items():
        present = {kind: [word for word in words if word in text] for kind, words in known.items()}
        for number, line in enumerate(text.splitlines(), start=1):
            found.extend(Finding(file.name, number, kind, line) for kind in _kinds(line, present))
    return found


def _kinds(line: str, known: Mapping[str, list[str]]) -> Iterator[str]:
    text = HARMLESS.sub("", line)
    yield from (kind for kind, pattern in PATTERNS.items() if pattern.search(text))
    yield from (kind for kind, words in known.items() if any(word in text for word in words))


def known_to(state: State) -> dict[str, set[str]]:
    """What the running stack of `state` knows and must keep to itself."""
    endpoints = read_endpoints(state)
    assert endpoints is not None, "the stack has no addresses"
    url = make_url(endpoints.admin_url).set(drivername="postgresql", database=endpoints.database)
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:

        def column(statement: str) -> set[str]:
            return {str(row[0]) for row in connection.execute(statement, [SAMPLE]).fetchall()}

        names = column("select name from credit.companies order by random() limit %s")
        people = column("select full_name from identity.users where full_name <> '' limit %s")
        figures = column("select pd from credit.predictions order by random() limit %s")
    users = json.loads(state.demo.read_text())["users"] if state.demo.exists() else []
    return {
        "a secret of the stack": {endpoints.mfa_key, *endpoints.passwords.values()} - {""},
        "a password": {user["password"] for user in users},
        "the name of a company": {name for name in names if len(name) >= SHORTEST_NAME},
        "the name of a person": {name for name in people if len(name) >= SHORTEST_NAME},
        "a probability of default": {figure for figure in figures if len(figure) >= SHORTEST_NAME},
    }


def requests_in(folder: Path) -> list[dict[str, Any]]:
    """The lines of the access log."""
    lines = (line for file in folder.rglob("*.log") for line in file.read_text(errors="replace").splitlines())
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [event for event in events if event.get("event") == "request"]
