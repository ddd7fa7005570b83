"""Applications for tests: on the memory store, with a secret of their own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

from dishka import Provider

from duolog.application.application import Application
from duolog.application.settings import Settings
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.dispatch.pipeline import Placed
from duolog.messages.binding import Binding
from duolog.process_managers.process_manager import Reactor
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.projection import Projection
from duolog.read.caching.level import Caching

TEST_SECRET = "a secret for tests only, 32 bytes"  # noqa: S105 - it protects nothing


def application(
    *handlers: Binding[Any, Any],
    database: str = "memory://",
    projections: Sequence[type[Projection]] = (),
    materialized_views: Sequence[type[MaterializedView]] = (),
    processes: Sequence[type[Reactor]] = (),
    providers: Sequence[Provider] = (),
    events: Sequence[type | ModuleType] = (),
    tables: Mapping[str, str] = MappingProxyType({}),
    authorizer: Authorizer | None = None,
    middleware: Sequence[Placed] = (),
    settings: Settings | None = None,
    caching: Caching | None = None,
    replicas: Sequence[str] = (),
) -> Application:
    """Make an application on the memory store; enter it with ``async with``.

    Args:
        handlers: bindings.
        database: another database's URL.
        projections: as for `Application`.
        materialized_views: as for `Application`.
        processes: as for `Application`.
        providers: as for `Application`.
        events: as for `Application`.
        tables: as for `Application`.
        authorizer: as for `Application`.
        middleware: as for `Application`.
        settings: as for `Application`.
        caching: as for `Application`.
        replicas: as for `Application`.
    """
    return Application(
        "test",
        database=database,
        handlers=handlers,
        projections=projections,
        materialized_views=materialized_views,
        processes=processes,
        providers=providers,
        events=events,
        tables=tables,
        secret=TEST_SECRET,
        authorizer=authorizer,
        middleware=middleware,
        settings=settings,
        caching=caching,
        replicas=replicas,
    )
