"""The backends that keep tables in SQLite, for tests of what only they can be asked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from duolog.adapters.memory import open_database as open_memory
from duolog.adapters.sqlite import open_database as open_sqlite
from duolog.database.port import Database

BACKENDS: Final[Mapping[str, Callable[[Path], Database]]] = {
    "memory": lambda _: open_memory("memory://"),
    "sqlite": lambda folder: open_sqlite(f"sqlite:///{folder / 'test.db'}"),
}
