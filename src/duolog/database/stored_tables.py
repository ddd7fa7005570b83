"""The tables of a generation as a database has them, so that two generations can be compared."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of one generation.

    Attributes:
        name: as the projection declares it.
        source: its quoted name, to stand behind FROM in a statement that any reader may run.
        columns: the names of its columns, in their order.
        key: those of its primary key; none if it has none.
        texts: those whose values can be compared as text only.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    texts: frozenset[str] = frozenset()
