"""What people do, and when: each means to begin something every one to five seconds, whether or not the last has ended.

What is still waited for delays the next thing, and counts for it: latency is from when a person meant to begin, so that
a slow server does not slow the load and hide itself (G. Tene's "coordinated omission").
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from urllib.parse import quote

from accunode_devstack.load.connection import Connection, Reply

API = "/api/v1"
_IN_SERIES = 1_000_000
_REFUSED_SECONDS = 1.0
THINKS_SECONDS = (1.0, 5.0)
MIX = {
    "list": 30,
    "dashboard": 15,
    "one": 10,
    "profile": 10,
    "companies": 10,
    "predict": 10,
    "statistics": 5,
    "search": 5,
    "uploads": 5,
}
"""Of a hundred things that people do, how many are which."""
NAMES = {
    "list": "GET /predictions/annual?limit=10",
    "dashboard": "GET /portfolio/dashboard",
    "one": "GET /predictions/annual/{id}",
    "profile": "GET /users/me",
    "companies": "GET /companies?limit=10",
    "predict": "POST /predictions/annual",
    "statistics": "GET /predictions/stats",
    "search": "GET /companies?search=…",
    "uploads": "GET /bulk-uploads?limit=10",
}


@dataclass
class Log:
    """What happened: the seconds of each success by operation, and of each failure by what it was.

    A success counts from when it was meant to begin, a failure from when it was asked for.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    failures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, operation: str, seconds: float, failure: str | None) -> None:
        """Note an operation; `failure` says what came instead of success."""
        if failure is None:
            self.seconds[operation].append(seconds)
        else:
            self.failures.setdefault(failure, []).append(seconds)


class Visitor:
    """A person with a session."""

    def __init__(self, port: int, token: str, number: int) -> None:
        self._connection = Connection(port, token)
        self._random = random.Random(number)  # noqa: S311
        self._number = number
        self._made = 0
        self._seen: list[str] = []

    async def stay(self, until: float, log: Log) -> None:
        """Do one thing after the other until then, by the clock of `time.perf_counter`."""
        begins = time.perf_counter() + self._random.uniform(0, THINKS_SECONDS[1])
        while begins < until:
            await asyncio.sleep(max(0.0, begins - time.perf_counter()))
            operation = self._random.choices(list(MIX), list(MIX.values()))[0]
            asked = time.perf_counter()
            failure = await self._try(operation)
            log.add(operation, time.perf_counter() - (asked if failure else begins), failure)
            begins += self._random.uniform(*THINKS_SECONDS)
        self._connection.close()

    async def _try(self, operation: str) -> str | None:
        try:
            reply = await self._do(operation)
        except (OSError, TimeoutError) as error:
            return type(error).__name__
        return None if reply.status < HTTPStatus.BAD_REQUEST else str(reply.status)

    async def _do(self, operation: str) -> Reply:
        ask = self._connection.request
        match operation:
            case "list":
                reply = await ask("GET", f"{API}/predictions/annual?limit=10")
                if reply.status == HTTPStatus.OK:
                    self._seen = [item["id"] for item in json.loads(reply.body)["items"]]
                return reply
            case "one" if self._seen:
                return await ask("GET", f"{API}/predictions/annual/{self._random.choice(self._seen)}")
            case "dashboard":
                return await ask("GET", f"{API}/portfolio/dashboard")
            case "profile" | "one":
                return await ask("GET", f"{API}/users/me")
            case "companies":
                return await ask("GET", f"{API}/companies?limit=10")
            case "search":
                return await ask("GET", f"{API}/companies?limit=10&search={quote(self._company())}")
            case "statistics":
                return await ask("GET", f"{API}/predictions/stats")
            case "uploads":
                return await ask("GET", f"{API}/bulk-uploads?limit=10")
            case _:
                return await ask("POST", f"{API}/predictions/annual", self._prediction())

    def _company(self) -> str:
        return f"Bench 0-{self._random.randrange(1000):06d}"

    def _prediction(self) -> bytes:
        self._made += 1
        figures = {"total_debt_to_ebitda": 3.2, "net_income_margin": 4.5, "return_on_assets": 3.9}
        ratios = {name: round(value * self._random.uniform(0.5, 2), 2) for name, value in figures.items()}
        company = {"name": f"Load {self._number}-{self._made} (fictitious)"}
        body = {"access_level": "organization", "fiscal_year": 2024, "ratios": ratios, "company": company}
        return json.dumps(body).encode()


async def visit(port: int, tokens: Sequence[str], seconds: float, *, series: int = 0) -> Log:
    """Have a person of each token work for so long; what they make is new in every series."""
    log = Log()
    until = time.perf_counter() + seconds
    people = [Visitor(port, token, series * _IN_SERIES + number) for number, token in enumerate(tokens)]
    await asyncio.gather(*(each.stay(until, log) for each in people))
    return log


async def hammer(port: int, tokens: Sequence[str], seconds: float, *, callers: int) -> float:
    """Lists of ten and dashboards in turn, as fast as they go, by so many at once: requests answered in a second.

    Each caller asks as one person after the other, as none may ask that often, and waits for a second when refused for
    lack of a turn.

    Raises:
        ConnectionError: A request was answered otherwise.
    """
    until = time.perf_counter() + seconds

    async def keep_asking(own: Sequence[str]) -> int:
        connection, done = Connection(port, ""), 0
        for token in cycle(own):
            if time.perf_counter() >= until:
                break
            connection.token = token
            for path in ("/predictions/annual?limit=10", "/portfolio/dashboard"):
                reply = await connection.request("GET", API + path)
                if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
                    await asyncio.sleep(_REFUSED_SECONDS)
                elif reply.status != HTTPStatus.OK:
                    raise ConnectionError(f"{path} was answered {reply.status}.")
                else:
                    done += 1
        connection.close()
        return done

    begun = time.perf_counter()
    shares = [tokens[number::callers] for number in range(callers)]
    return sum(await asyncio.gather(*map(keep_asking, shares))) / (time.perf_counter() - begun)
