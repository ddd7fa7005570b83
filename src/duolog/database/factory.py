"""What makes the database of a URL."""

from typing import Protocol

from duolog.database.port import Database


class DatabaseFactory(Protocol):
    """What an entry point of the group ``duolog.databases`` names: makes the database of a URL, unopened."""

    def __call__(self, url: str, /) -> Database:
        """Make the database of ``url``.

        Raises:
            ConfigurationError: the URL is not of the scheme's form, or an option is unknown.
        """
        ...
