"""Finding the adapter of a database by its URL's scheme, through the entry point group ``duolog.databases``."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final, cast

from duolog.database.factory import DatabaseFactory
from duolog.database.port import Database
from duolog.errors import ConfigurationError, MissingDriverError

GROUP: Final = "duolog.databases"

# The extra that brings the driver, where it has another name than the scheme.
_EXTRAS: Final[Mapping[str, str]] = MappingProxyType({"postgresql": "postgres"})
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
    return factory_of(found.group(1).lower())(url)


@cache
def factory_of(scheme: str) -> DatabaseFactory:
    """Find the adapter for a scheme; one that was found is remembered, since to look reads what each package declares.

    Args:
        scheme: in small letters, such as ``sqlite``.

    Raises:
        MissingDriverError: no adapter is installed for it, or the adapter's driver is missing.
    """
    entries = tuple(entry_points(group=GROUP, name=scheme))
    if not entries:
        message = f"no adapter is installed for {scheme}: databases"
        raise MissingDriverError(message, hint=_installed())
    return _load(entries[0], scheme)


def _load(entry: EntryPoint, scheme: str) -> DatabaseFactory:
    try:
        return cast("DatabaseFactory", entry.load())
    except ImportError as error:
        message = f"the adapter for {scheme}: databases needs the package {error.name or 'that it imports'!r}"
        raise MissingDriverError(
            message, hint=f"Install it: pip install 'duolog[{_EXTRAS.get(scheme, scheme)}]'."
        ) from error


def _installed() -> str:
    schemes = sorted({entry.name for entry in entry_points(group=GROUP)})
    return f"Installed: {', '.join(schemes)}." if schemes else "None is installed: is duolog itself installed?"
