"""Finding the adapter of a database by its URL's scheme, through the entry point group ``duolog.databases``."""

import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final, cast

from duolog.database.port import Database, DatabaseFactory
from duolog.errors import ConfigurationError, MissingDriverError

GROUP: Final = "duolog.databases"

# Schemes that people rightly expect, and what is to be said while no adapter of this release serves them.
_EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("postgres", "postgresql"), "The PostgreSQL adapter is not part of this release yet; use sqlite:///.")
)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def open_database(url: str) -> Database:
    """Make the database of a URL, not connected yet; `Database.open` connects.

    Args:
        url: like ``sqlite:///users.db``.

    Raises:
        ConfigurationError: the URL has no scheme, or is not of its scheme's form.
        MissingDriverError: no adapter is installed for its scheme, or the adapter's driver is missing.
    """
    # Errors name the scheme only: the rest of the URL may hold a password.
    found = _SCHEME.match(url)
    if not found:
        message = "the database URL has no scheme"
        raise ConfigurationError(message, hint=f"Write it like sqlite:///users.db. {_installed()}")
    return _factory(found.group(1).lower())(url)


def _factory(scheme: str) -> DatabaseFactory:
    entries = tuple(entry_points(group=GROUP, name=scheme))
    if not entries:
        message = f"no adapter is installed for {scheme}: databases"
        hint = " ".join(filter(None, (_EXPECTED.get(scheme), _installed())))
        raise MissingDriverError(message, hint=hint)
    return _load(entries[0], scheme)


def _load(entry: EntryPoint, scheme: str) -> DatabaseFactory:
    try:
        return cast("DatabaseFactory", entry.load())
    except ImportError as error:
        message = f"the adapter for {scheme}: databases needs the package {error.name or 'that it imports'!r}"
        raise MissingDriverError(message, hint=f"Install it: pip install 'duolog[{scheme}]'.") from error


def _installed() -> str:
    schemes = sorted({entry.name for entry in entry_points(group=GROUP)})
    return f"Installed: {', '.join(schemes)}." if schemes else "None is installed: is duolog itself installed?"
