"""The users example, which stands beside the library in the repository and inside it in the wheel."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, cast

from duolog.errors import ConfigurationError

API: Final = "users.presentation.api:api"

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_FOLDERS: Final = (_PACKAGE / "_demo", _PACKAGE.parents[1] / "examples")


class Settings(Protocol):
    """Where the example keeps what it needs."""

    @property
    def data_dir(self) -> Path:
        """The data directory."""
        ...

    @property
    def database_url(self) -> str:
        """The database's URL."""
        ...

    @property
    def shown_database_url(self) -> str:
        """The database's URL without a password."""
        ...

    @property
    def secret_file(self) -> Path:
        """The secret's file."""
        ...

    @property
    def admin_token_file(self) -> Path:
        """The file of the admin's bearer token."""
        ...


class _DataDirectory(Protocol):
    def prepare(self) -> Settings: ...


class _PostgresForDemo(Protocol):
    def postgres_for_demo(self) -> AbstractContextManager[str]: ...


class _Demo(Protocol):
    async def fill(self, settings: Settings, on_progress: Callable[[int, int], None]) -> None: ...

    def commands_to_paste(self, url: str, settings: Settings, *, program: str) -> list[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class UsersExample:
    """The example, ready to be filled and served.

    Attributes:
        settings: where it keeps what it needs.
        demo: its module `users.presentation.demo`.
    """

    settings: Settings
    demo: _Demo


def load_users_example() -> UsersExample:
    """Import the example and make its data directory, as the environment says (DUOLOG_DATA, WRITE_MODEL).

    Raises:
        ConfigurationError: the example or a package that it needs is not installed, WRITE_MODEL is unknown, or the
            data directory cannot be written.
    """
    demo = cast("_Demo", _imported("users.presentation.demo"))
    directory = cast("_DataDirectory", _imported("users.presentation.data_directory"))
    with _reported():
        return UsersExample(directory.prepare(), demo)


@contextmanager
def users_on_postgres() -> Generator[str]:
    """Start a PostgreSQL server with its data in the example's data directory, and give the URL of its database.

    Raises:
        ConfigurationError: as `load_users_example`, or PostgreSQL's programs are not installed.
        ServerStartError: it does not start.
    """
    server = cast("_PostgresForDemo", _imported("users.presentation.demo_postgres"))
    with ExitStack() as stack:
        with _reported():
            url = stack.enter_context(server.postgres_for_demo())
        yield url


def _imported(module: str) -> ModuleType:
    folder = next((folder for folder in _FOLDERS if (folder / "users" / "presentation").is_dir()), None)
    if folder is None:
        message = "the users example is not part of this installation"
        raise ConfigurationError(message, hint="Install duolog from its wheel, or run it in its repository.")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        message = f"the users example needs the package {error.name!r}, which is not installed"
        raise ConfigurationError(message, hint="Install duolog[examples]: pip install 'duolog[examples]'") from error


@contextmanager
def _reported() -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise ConfigurationError(str(error), hint="WRITE_MODEL is `events` or `tables`.") from error
    except OSError as error:
        message = f"the data directory cannot be used: {error}"
        raise ConfigurationError(message, hint="Set DUOLOG_DATA to a directory that you may write.") from error
