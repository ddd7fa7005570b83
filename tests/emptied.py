"""Databases that tests use one after another."""

from urllib.parse import urlsplit

from duolog.testing.servers import PostgresDatabases


def emptied(databases: PostgresDatabases, url: str) -> str:
    """Empty the database of a URL, and return the URL."""
    databases.empty_database(urlsplit(url).path.removeprefix("/"))
    return url
