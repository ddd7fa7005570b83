"""What `duolog run` runs: an Application, or a web application with one attached, named as MODULE:ATTRIBUTE."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from duolog.application.application import Application
from duolog.errors import ConfigurationError, DuologError

AsgiMessage = MutableMapping[str, Any]
Asgi = Callable[
    [AsgiMessage, Callable[[], Awaitable[AsgiMessage]], Callable[[AsgiMessage], Awaitable[None]]], Awaitable[None]
]

_FORM = "Write it like shop.main:api, for the name `api` in shop/main.py."


@dataclass(frozen=True, slots=True)
class Target:
    """What MODULE:ATTRIBUTE names.

    Attributes:
        application: the Application.
        web: the web application that it is attached to; None if it runs without HTTP.
    """

    application: Application
    web: Asgi | None


def load_target(name: str) -> Target:
    """Import what ``MODULE:ATTRIBUTE`` names; modules are looked for in the working directory first.

    Raises:
        ConfigurationError: there is no such module or attribute, its import fails, or it is no application.
        DuologError: an Application in it is put together wrongly.
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        message = f"{name!r} does not name an application"
        raise ConfigurationError(message, hint=_FORM)
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    module = _module(module_name)
    try:
        found = cast("object", reduce(getattr, path.split("."), module))
    except AttributeError as error:
        message = f"module {module_name!r} has no attribute {path!r}"
        raise ConfigurationError(message, hint=_applications_in(module)) from error
    return _target(name, found)


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except DuologError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            message = f"there is no module {error.name!r} in {Path.cwd()} or among the installed packages"
            raise ConfigurationError(message, hint=_FORM) from error
        raise _failed_import(name, error) from error
    except Exception as error:
        raise _failed_import(name, error) from error


def _failed_import(name: str, error: Exception) -> ConfigurationError:
    message = f"importing {name!r} failed: {type(error).__name__}: {error}"
    return ConfigurationError(message, hint="The same command as `duolog --debug ...` shows where.")


def _target(name: str, found: object) -> Target:
    if isinstance(found, Application):
        return Target(found, None)
    attached = _attached(found)
    if attached is not None:
        return Target(attached, cast("Asgi", found))
    message = f"{name} is a {type(found).__name__}, not an application"
    hint = "Name a duolog Application, or a FastAPI app that one is attached to (see duolog.integrations.fastapi)."
    raise ConfigurationError(message, hint=hint)


def _attached(found: object) -> Application | None:
    """The Application in ``found.state.duolog``, where the integrations put it."""
    attached = getattr(getattr(found, "state", None), "duolog", None)
    return attached if callable(found) and isinstance(attached, Application) else None


def _applications_in(module: ModuleType) -> str:
    names = sorted(
        name for name, value in vars(module).items() if isinstance(value, Application) or _attached(value) is not None
    )
    return f"It has: {', '.join(names)}." if names else "No application stands in that module."
