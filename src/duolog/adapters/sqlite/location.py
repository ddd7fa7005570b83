"""Where a SQLite database is, and how it is opened: the parts of its URL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from duolog.adapters._sql.url_options import url_options
from duolog.errors import ConfigurationError

_OPTIONS: Final = ("busy_timeout", "synchronous")
_SYNCHRONOUS: Final = ("FULL", "NORMAL")
_FORM: Final = "Write sqlite:///relative.db or sqlite:////absolute.db."
_LONGEST_TIMEOUT: Final = 600_000


@dataclass(frozen=True, slots=True)
class Location:
    """Where the file is, and the options of its connections.

    Attributes:
        url: the URL as it was given.
        path: the file, absolute.
        synchronous: FULL survives power loss; NORMAL may lose the last commits then, but nothing on a crash.
        busy_timeout: how long to wait for another process's lock, in milliseconds.
    """

    url: str
    path: Path
    synchronous: str = "FULL"
    busy_timeout: int = 5_000

    def uri(self, mode: str) -> str:
        """Return the driver's URI for this file, opened in ``mode``: ro or rwc."""
        return f"{self.path.as_uri()}?mode={mode}"


def parse_location(url: str) -> Location:
    """Take a URL apart.

    Raises:
        ConfigurationError: the form is wrong, the database would be in memory, or an option is unknown or wrong.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite" or parts.fragment:
        message = "the database URL is not that of a SQLite file"
        raise ConfigurationError(message, hint=f"{_FORM} Write # as %23.")
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc == ":memory:" or (not parts.netloc and path in {"", ":memory:"}):
        message = "the database URL names no file"
        raise ConfigurationError(message, hint=f"For a database in memory use memory:// instead. {_FORM}")
    if parts.netloc or "\x00" in path:
        message = "the database URL is not that of a SQLite file"
        raise ConfigurationError(message, hint=_FORM)
    options = url_options(parts.query, _OPTIONS, example="?synchronous=FULL&busy_timeout=5000")
    return Location(
        url,
        Path(path).absolute(),
        _synchronous(options.get("synchronous", "FULL")),
        _busy_timeout(options.get("busy_timeout", "5000")),
    )


def _synchronous(text: str) -> str:
    if text.upper() not in _SYNCHRONOUS:
        message = f"synchronous={text} is not allowed"
        raise ConfigurationError(message, hint=f"Allowed: {', '.join(_SYNCHRONOUS)}.")
    return text.upper()


def _busy_timeout(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _LONGEST_TIMEOUT):
        message = f"busy_timeout={text} is not allowed"
        raise ConfigurationError(message, hint=f"It is in milliseconds, 0 to {_LONGEST_TIMEOUT}.")
    return int(text)
