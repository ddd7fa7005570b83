"""The note that carries a query's session through its pipeline."""

from collections.abc import Callable

import msgspec

from duolog.tables.ports import QuerySnapshot


class ReadScope(msgspec.Struct, eq=False):  # made for every query, and a struct is made fastest
    """The note that carries a query's session, which is opened when something asks for it.

    Args:
        open_reader: makes the session.
        opened: the session, once something has asked for it.
    """

    open_reader: Callable[[], QuerySnapshot]
    opened: QuerySnapshot | None = None

    @property
    def session(self) -> QuerySnapshot:
        """Reads one snapshot."""
        if self.opened is None:
            self.opened = self.open_reader()
        return self.opened
