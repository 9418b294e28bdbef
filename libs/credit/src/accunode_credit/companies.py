"""Which company of a scope is meant, by its symbol, its id elsewhere or its name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, any_, bindparam, false, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from accunode_credit.models.credit import Company

IDENTIFIERS = ("symbol", "name_key")
"""What names at most one company of a scope; where two of them name two companies, the first decides."""

_GIVEN = ("symbol", "external_id", "name_key")


@dataclass(frozen=True, slots=True)
class CompanyReference:
    """What is given of a company to find it by.

    Attributes:
        symbol: Its symbol, upper case.
        external_id: Its id elsewhere, which several companies may share.
        name_key: The key of its name, by `accunode_common.names.name_key`.
    """

    symbol: str | None = None
    external_id: str | None = None
    name_key: str | None = None


def candidates(
    tenant_id: UUID, scope_id: UUID, references: Iterable[CompanyReference]
) -> tuple[Select[Company], dict[str, Any]]:
    """Select the companies of one scope that one of the references can mean; a statement, and its values."""
    given = list(references)
    wanted = {name: [value for each in given if (value := getattr(each, name)) is not None] for name in _GIVEN}
    named = {name: list(dict.fromkeys(values)) for name, values in wanted.items() if values}
    return _candidates(tuple(named)), {"tenant_id": tenant_id, "scope_id": scope_id, **named}


@lru_cache
def _candidates(named_by: tuple[str, ...]) -> Select[Company]:
    """The statement: to build it takes longer than to send it."""
    same = [getattr(Company, name) == any_(bindparam(name, type_=ARRAY(Text))) for name in named_by]
    of_scope = (Company.tenant_id == bindparam("tenant_id"), Company.scope_id == bindparam("scope_id"))
    return select(Company).where(*of_scope, or_(false(), *same))


class CompanyIndex:
    """Candidates by what they can be found by."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self._found = defaultdict[tuple[str, str], list[Company]](list)
        for company in companies:
            for name in _GIVEN:
                self._found[name, getattr(company, name)].append(company)

    def meant(self, reference: CompanyReference) -> Sequence[Company]:
        """The companies of the first of the given identifiers that any company has; several only by an external id."""
        for name in _GIVEN:
            value = getattr(reference, name)
            if value is not None and (found := self._found.get((name, value))):
                return found
        return []
