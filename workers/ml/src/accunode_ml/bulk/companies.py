"""Finds or adds the company of each row of a chunk, within the job's scope, and what the rows say of it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from accunode_credit.companies import IDENTIFIERS
from accunode_credit.models.bulk import Job
from accunode_credit.newest import by_recency
from accunode_ml.bulk.decisions import periods
from accunode_ml.new_ids import new_ids
from accunode_ml.repositories import companies
from accunode_ml.repositories.companies import DESCRIPTIONS

ROUNDS = 3
"""How often a company is looked for that somebody else is adding at the same time."""


class Obligors:
    """Which company each row of a chunk means: that of its symbol, else of its name, as far as they are known.

    Companies have numbers, from 0, in the order in which they become known.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._codes: dict[str, NDArray[np.int64]] = {}
        self._values: dict[str, pa.Array] = {}
        self._known: dict[str, NDArray[np.int64]] = {}
        for name in IDENTIFIERS:
            encoded = rows.column(name).combine_chunks().dictionary_encode()
            self._codes[name] = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy().astype(np.int64)
            self._values[name] = encoded.dictionary
            # The last one stands for rows that have no value.
            self._known[name] = np.full(len(encoded.dictionary) + 1, -1)
        self._ids = pa.array([], pa.string())
        self._proposed = pa.array([], pa.string())

    def numbers(self) -> NDArray[np.int64]:
        """The number of each row's company; as long as it is unknown, one below 0 for each name."""
        numbers = -1 - self._codes["name_key"]
        for name in reversed(IDENTIFIERS):
            meant = self._known[name][self._codes[name]]
            numbers = np.where(meant < 0, numbers, meant)
        return numbers

    def ids_of(self, numbers: NDArray[np.int64]) -> pa.Array:
        """The ids of known companies by their numbers."""
        return self._ids.take(pa.array(numbers))

    def are_new(self) -> NDArray[np.bool_]:
        """Whether the company of each row was added by this transaction, so that nobody else sees it yet."""
        are_added = pc.is_in(self._ids, self._proposed).to_numpy(zero_copy_only=False)
        are_new: NDArray[np.bool_] = np.append(are_added, False)[np.maximum(self.numbers(), -1)]
        return are_new

    def sought(self, identifier: str) -> tuple[NDArray[np.int64], pa.Array]:
        """The values of rows whose company is unknown, and the places of these values."""
        codes = np.unique(self._codes[identifier][self.numbers() < 0])
        codes = codes[codes < len(self._values[identifier])]
        return codes, self._values[identifier].take(pa.array(codes))

    def learn(self, identifier: str, places: NDArray[np.int64], companies: pa.Array) -> None:
        """Note the companies that values name, by the values' places."""
        known = len(self._ids)
        ids = pa.concat_arrays([self._ids, companies]).dictionary_encode()
        self._ids = ids.dictionary
        self._known[identifier][places] = ids.indices.to_numpy()[known:]

    def propose(self, described: pa.Table) -> None:
        """Note the ids under which companies are about to be added."""
        self._proposed = pa.concat_arrays([self._proposed, described.column("id").combine_chunks()])

    def learn_added(self, described: pa.Table) -> None:
        """Note companies that were added, all of them, under whatever they are known by."""
        for identifier in IDENTIFIERS:
            named = described.filter(described.column(identifier).is_valid())
            places = pc.index_in(named.column(identifier), self._values[identifier]).to_numpy()
            self.learn(identifier, places, named.column("id").combine_chunks())


def describe(
    rows: pa.Table, places: NDArray[np.intp], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], pa.Table]:
    """What rows at these places say of their companies, which have these numbers: the newest word in each column.

    Returns the numbers, each once, and a table in their order.
    """
    order = by_recency(*(column[places] for column in periods(rows)))
    distinct, companies_of = np.unique(numbers[order], return_inverse=True)
    said = {}
    for name in ("name", "name_key", *DESCRIPTIONS):
        column = rows.column(name)
        is_said = column.is_valid().to_numpy()[places[order]]
        newest = np.full(len(distinct), -1)
        # The last one written stays, so the newest comes last.
        newest[companies_of[is_said][::-1]] = places[order][is_said][::-1]
        said[name] = column.take(pa.array(newest, mask=newest < 0))
    return distinct, pa.table(said)


def find_companies(session: Session, job: Job, rows: pa.Table) -> Obligors:
    """The stored company of each row, by symbol and else by name."""
    obligors = Obligors(rows)
    _look_up(session, job, obligors)
    return obligors


def find_or_add_companies(session: Session, job: Job, rows: pa.Table) -> Obligors:
    """The company of each row; those that are not there yet are added."""
    obligors = Obligors(rows)
    for _ in range(ROUNDS):
        _look_up(session, job, obligors)
        unknown = np.flatnonzero(obligors.numbers() < 0)
        if not len(unknown):
            return obligors
        numbers, described = describe(rows, unknown, obligors.numbers()[unknown])
        # As they are added, so that indexes by id grow at their end alone.
        described = described.sort_by("name_key").append_column("id", new_ids(len(numbers)))
        obligors.propose(described)
        if companies.add(session, job, described) == len(numbers):
            obligors.learn_added(described)
    _look_up(session, job, obligors)
    return obligors


def describe_companies(
    session: Session, job: Job, rows: pa.Table, obligors: Obligors, places: NDArray[np.intp]
) -> None:
    """Add what the rows at these places say of companies that were stored before."""
    if all(rows.column(name).null_count == rows.num_rows for name in DESCRIPTIONS):
        return
    places = places[(obligors.numbers()[places] >= 0) & ~obligors.are_new()[places]]
    if not len(places):
        return
    numbers, described = describe(rows, places, obligors.numbers()[places])
    described = described.append_column("id", obligors.ids_of(numbers))
    symbol = described.column_names.index("symbol")
    described = described.set_column(symbol, "symbol", _each_once(described.column("symbol")))
    companies.describe(session, job, described)


def _look_up(session: Session, job: Job, obligors: Obligors) -> None:
    for identifier in IDENTIFIERS:
        places, values = obligors.sought(identifier)
        if len(places):
            found = companies.find(session, job, identifier, values)
            of_values = np.array([place for place, _ in found], dtype=np.int64)
            obligors.learn(identifier, places[of_values], pa.array([company for _, company in found], pa.string()))


def _each_once(column: pa.ChunkedArray) -> pa.Array:
    """The column with each value where it comes first, and else null: no two companies have one symbol."""
    codes = column.combine_chunks().dictionary_encode().indices
    _, firsts = np.unique(codes.fill_null(-1).to_numpy(), return_index=True)
    later = np.ones(len(column), dtype=bool)
    later[firsts] = False
    return pc.if_else(pa.array(later), None, column.combine_chunks())
