"""What is declared for an application, looked at before anything is made of it: is each part what it is named for?"""

from collections.abc import Collection, Sequence
from typing import Final, cast

from duolog.errors import ConfigurationError
from duolog.process_managers.process_manager import Reactor
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.projection import Projection
from duolog.tables.declared_ddl import check_ddl

_KINDS: Final[Sequence[tuple[str, type]]] = (
    ("projections", Projection),
    ("materialized_views", MaterializedView),
    ("processes", Reactor),
)


def check_declared(
    name: object, projections: object, materialized_views: object, processes: object, tables: object
) -> None:
    """Refuse what would be a puzzle where it is used: a part under another part's argument, a class instead of a list.

    Raises:
        ConfigurationError: it says what to write instead.
    """
    if not isinstance(name, str) or not name.strip():
        message = "an application needs a name"
        raise ConfigurationError(message, hint='Write Application("shop", ...); logs and workers show it.')
    given = (projections, materialized_views, processes)
    for (argument, base), classes in zip(_KINDS, given, strict=True):
        if not isinstance(classes, Collection):
            message = f"{argument} of application {name!r} is no list, but {_shown(classes)}"
            raise ConfigurationError(message, hint=f"Write {argument}=[{_shown(classes)}].")
        for each in cast("Collection[object]", classes):
            if not _is_a(each, base):
                raise _misplaced(each, argument, base)
    check_ddl(tables, "tables", of=f"application {name!r}")


def _misplaced(each: object, argument: str, base: type) -> ConfigurationError:
    message = f"{argument} has {_shown(each)}, which is no class that derives from {base.__name__}"
    place = next((other for other, kind in _KINDS if _is_a(each, kind)), None)
    if place is not None:
        return ConfigurationError(message, hint=f"Write {place}=[{_shown(each)}].")
    return ConfigurationError(
        message, hint=f"Name the class of a {base.__name__}; the application makes its instances."
    )


def _is_a(each: object, base: type) -> bool:
    return isinstance(each, type) and issubclass(each, base)


def _shown(each: object) -> str:
    return each.__name__ if isinstance(each, type) else f"a {type(each).__name__}"
