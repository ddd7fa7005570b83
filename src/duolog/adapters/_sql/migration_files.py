"""The steps of a schema: numbered SQL files, each frozen by its checksum."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        number: its place, from 1.
        name: its file's name without ``.sql``.
        sql: its statements; on PostgreSQL with ``{schema}`` for the schema of duolog's tables.
    """

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text, as hexadecimal digits."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> tuple[Migration, ...]:
    """Read the files of a package's folder ``migrations``, in order."""
    folder = files(package) / "migrations"
    names = sorted(entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(int(name.partition("_")[0]), name, (folder / f"{name}.sql").read_text(encoding="utf-8"))
        for name in names
    )
