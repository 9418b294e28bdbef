"""A check, what it found, and how that is weighed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from accunode_infra.aws import in_words
from accunode_infra.errors import InfraError
from accunode_infra.release.site import Site


class Outcome(StrEnum):
    """What a check says."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Fact:
    """Something seen in the account: whether it is as it should be (None: that cannot be told), and what was seen."""

    good: bool | None
    seen: str


@dataclass(frozen=True)
class Check:
    """A criterion of the requirements.

    Attributes:
        says: The criterion.
        look: Looks for it; gives the facts that it rests on, at least one.
    """

    says: str
    look: Callable[[Site], Iterable[Fact]]


@dataclass(frozen=True)
class Found:
    """What a check found: with a fail, only what is wrong; else all that it rests on."""

    says: str
    outcome: Outcome
    evidence: Sequence[str]


def run(site: Site, checks: Iterable[Check]) -> list[Found]:
    """Look for each criterion. What AWS refuses to tell cannot be told; what is not deployed has failed."""
    return [_found(site, check) for check in checks]


def _found(site: Site, check: Check) -> Found:
    try:
        facts = list(check.look(site))
    except (BotoCoreError, ClientError) as error:
        said = in_words(error)
        missing = isinstance(error, ClientError) and _missing(error)
        return Found(check.says, Outcome.FAIL if missing else Outcome.UNKNOWN, (str(said),))
    except InfraError as error:
        return Found(check.says, Outcome.FAIL, (str(error),))
    return weigh(check.says, facts)


def _missing(error: ClientError) -> bool:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist")) or code in {"404", "ValidationError"}


def weigh(says: str, facts: Sequence[Fact]) -> Found:
    """One fact that is not as it should be fails the check, one that cannot be told leaves it open."""
    for good, outcome in ((False, Outcome.FAIL), (None, Outcome.UNKNOWN)):
        bad = [fact.seen for fact in facts if fact.good is good]
        if bad:
            return Found(says, outcome, tuple(bad))
    if not facts:
        return Found(says, Outcome.UNKNOWN, ("nothing was found to look at",))
    return Found(says, Outcome.PASS, tuple(fact.seen for fact in facts))
