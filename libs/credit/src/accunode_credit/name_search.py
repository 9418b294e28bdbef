"""Companies by the words of their names: which begin with the words asked for, in any order.

An index has the words, each after the end of its scope's id, so that one walk through it finds those of some scopes.
Words are what stands between spaces and signs; a name of an index's key is cut, as keys are limited.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, select
from sqlalchemy.types import ARRAY, Text, Uuid

from accunode_common.names import name_key

_SIGNS = "[!-/:-@[-`{-~]+"
_LONGEST = 400
_LONGEST_WORD = 100
_SCOPE = "right(scope_id::text, 6)"

WORDS_EXPRESSION = (
    f"array_to_tsvector(string_to_array({_SCOPE} || replace(regexp_replace(left(name_key, {_LONGEST}), '{_SIGNS}', ' ',"
    f" 'g'), ' ', ' ' || {_SCOPE}), ' '))"
)
"""The words of a row's name, as the index has them."""
WORDS_INDEX: dict[str, Any] = {"postgresql_using": "gin", "postgresql_with": {"gin_pending_list_limit": 16384}}
"""New rows wait in a list of at most 16 MB, so that many are sorted into the index at once: half the cost of 4 MB."""


@dataclass(frozen=True, slots=True)
class NameSearch:
    """What names are searched for.

    Attributes:
        words: What words of the name begin with; none where nothing but signs was asked for.
        parts: What the name contains as it is: words with signs.
    """

    words: Sequence[str]
    parts: Sequence[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """What somebody who types this searches for."""
        given = name_key(text).split()
        words = {word[:_LONGEST_WORD] for part in given for word in re.split(_SIGNS, part) if word}
        return cls(sorted(words), [part for part in given if re.search(_SIGNS, part)])

    def matches(self, company: Any) -> ColumnElement[bool]:
        """Whether a company, by this alias of the table, is found."""
        # Most names are told by the first look, which costs a tenth of taking their signs out.
        contained = (func.strpos(company.name_key, each) > 0 for each in (*self.words, *self.parts))
        name = literal(" ") + func.regexp_replace(func.left(company.name_key, _LONGEST), _SIGNS, " ", "g")
        return and_(*contained, *(func.strpos(name, f" {word}") > 0 for word in self.words))

    def found(self, most: int) -> Select[Sequence[UUID] | None]:
        """Selects the ids of what is found of all that the caller sees; null where that is or may well be more."""
        lists = (literal(list(given), ARRAY(Text)) for given in (self.words, self.parts))
        return select(func.credit.find_companies(*lists, most, type_=ARRAY(Uuid)))
