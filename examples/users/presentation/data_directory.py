"""Where the demonstration keeps its data, its secret and its admin's token, so that only their owner can read them."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from duolog import Actor, Application
from duolog.integrations.fastapi import BearerTokens
from users.domain.role import UserRole
from users.infrastructure.composition import make_application
from users.infrastructure.providers import WriteModel
from users.infrastructure.schema import migrate

_ADMIN: Final = Actor("admin", frozenset({UserRole.ADMIN.value}))
_ADMIN_TOKEN_LASTS: Final = timedelta(days=365)
_ONLY_FOLDER_OWNER: Final = 0o700
_ONLY_OWNER: Final = 0o600


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How the demonstration runs.

    Attributes:
        data_dir: the data directory.
        database_url: the database's URL.
        write_model: how users are kept.
        secret: signs cursors and tokens.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    write_model: WriteModel
    secret: str = field(repr=False)

    @property
    def admin(self) -> Actor:
        """Whom the admin's token names."""
        return _ADMIN

    @property
    def secret_file(self) -> Path:
        """Where the secret is kept, unless the environment gives it."""
        return self.data_dir / "secret"

    @property
    def admin_token_file(self) -> Path:
        """Where the admin's bearer token is kept."""
        return self.data_dir / "admin-token"

    @property
    def database_url_file(self) -> Path:
        """Where the database's URL is kept, which may have a password."""
        return self.data_dir / "database-url"

    @property
    def shown_database_url(self) -> str:
        """The database's URL without a password."""
        parts = urlsplit(self.database_url)
        credentials, at, hosts = parts.netloc.rpartition("@")
        return (
            parts._replace(netloc=f"{credentials.partition(':')[0]}{at}{hosts}").geturl() if at else self.database_url
        )

    @property
    def filled_file(self) -> Path:
        """A mark that the first users are all there; until then the next start goes on filling."""
        parts = urlsplit(self.database_url)
        mark = f"filled-{self.write_model.value}"
        if parts.scheme == "sqlite":
            return self.data_dir / mark
        # Not of the address: the demonstration's own server may listen on another port tomorrow.
        digest = hashlib.sha256(f"{parts.scheme} {parts.path} {parts.query}".encode()).hexdigest()[:8]
        return self.data_dir / f"{mark}-{digest}"

    def make_application(self) -> Application:
        """Make the application, not started yet."""
        return make_application(self.database_url, write_model=self.write_model, secret=self.secret)


def prepare(data_dir: Path | None = None, environment: Mapping[str, str] = os.environ) -> DemoSettings:
    """Make the data directory where it is missing, with the secret, the admin's token and up-to-date tables in it.

    Any number of processes may do this at once; they find the same secret.

    Args:
        data_dir: the data directory; None takes ``DUOLOG_DATA``, or ``.demo`` below the working directory.
        environment: ``DUOLOG_DATABASE`` names another database than one in the data directory, ``DUOLOG_SECRET``
            another secret, ``WRITE_MODEL`` how users are kept: ``events`` (the default) or ``tables``.

    Raises:
        ValueError: ``WRITE_MODEL`` is something else.
        OSError: the directory or its files cannot be made or read.
    """
    write_model = write_model_of(environment)
    directory = data_directory(environment, data_dir)
    database_url = environment.get("DUOLOG_DATABASE")
    if not database_url:
        file = directory.absolute() / f"users-{write_model.value}.db"
        file.touch(mode=_ONLY_OWNER)  # SQLite would let others read it; it gives its other files the same mode
        database_url = f"sqlite:///{quote(str(file))}"
    settings = DemoSettings(
        directory,
        database_url,
        write_model,
        environment.get("DUOLOG_SECRET") or _kept_secret(directory / "secret"),
    )
    _keep_admin_token(settings)
    if settings.shown_database_url != settings.database_url:
        _write_beside(settings.database_url_file, f"{settings.database_url}\n").replace(settings.database_url_file)
    if write_model is WriteModel.TABLES:
        migrate(settings.database_url)
    return settings


def write_model_of(environment: Mapping[str, str]) -> WriteModel:
    """Return how users are kept.

    Raises:
        ValueError: ``WRITE_MODEL`` is unknown.
    """
    return WriteModel(environment.get("WRITE_MODEL") or WriteModel.EVENTS.value)


def data_directory(environment: Mapping[str, str], data_dir: Path | None = None) -> Path:
    """Return the data directory, which is made where it is missing; see `prepare`.

    Raises:
        OSError: it cannot be made.
    """
    directory = data_dir or Path(environment.get("DUOLOG_DATA") or ".demo")
    if not directory.is_dir():
        directory.mkdir(mode=_ONLY_FOLDER_OWNER, parents=True, exist_ok=True)
    return directory


def _kept_secret(file: Path) -> str:
    if not file.exists():
        # Whole or not at all, and never over another process's: a link, unlike a rename, refuses to replace.
        new = _write_beside(file, secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(new, file)
        new.unlink()
    return file.read_text(encoding="ascii").strip()


def _keep_admin_token(settings: DemoSettings) -> None:
    bearer = BearerTokens(settings.secret)
    file = settings.admin_token_file
    if file.exists() and bearer.verify(file.read_text(encoding="ascii").strip()) is not None:
        return
    token, _ = bearer.issue(settings.admin, _ADMIN_TOKEN_LASTS)
    _write_beside(file, f"{token}\n").replace(file)


def _write_beside(file: Path, content: str) -> Path:
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return new
