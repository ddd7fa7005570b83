"""What an application is put together from."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from dishka import Provider

from duolog.application.settings import Settings
from duolog.container.secret import Secret
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.dispatch.pipeline import Placed
from duolog.dispatch.registry import HandlerRegistry
from duolog.errors import ConfigurationError
from duolog.process_managers.process_manager import Reactor
from duolog.process_managers.runtime import check_names
from duolog.projections.materialized_view import MaterializedView, ViewClass
from duolog.projections.projection import Projection
from duolog.read.caching.level import Caching


@dataclass(frozen=True, slots=True)
class Parts:
    """The declared parts of one application.

    Attributes:
        name: the application's name, in logs.
        database_url: finds the database's adapter.
        registry: the handlers.
        projections: the projection classes.
        materialized_views: the classes of materialized views, each behind those that it reads.
        processes: the classes of reactors and process managers.
        providers: the application's dishka providers.
        events: event classes or modules that no projection handles.
        tables: DDL of the application's own tables.
        secret: its secret.
        authorizer: may refuse messages.
        middleware: the application's own.
        settings: time limits and numbers.
        caching: where cached answers are kept.
        replica_urls: of the replicas that answer queries.
    """

    name: str
    database_url: str
    registry: HandlerRegistry
    projections: tuple[type[Projection], ...]
    materialized_views: tuple[type[MaterializedView], ...]
    processes: tuple[type[Reactor], ...]
    providers: tuple[Provider, ...]
    events: tuple[type | ModuleType, ...]
    tables: Mapping[str, str]
    secret: Secret
    authorizer: Authorizer | None
    middleware: tuple[Placed, ...]
    settings: Settings
    caching: Caching
    replica_urls: tuple[str, ...] = ()

    @property
    def views(self) -> tuple[ViewClass, ...]:
        """All classes that declare a view."""
        return (*self.projections, *self.materialized_views)

    def __post_init__(self) -> None:
        """Refuse a query that waits for a view which the application does not have, and a view that reads such a one.

        Raises:
            ConfigurationError: ``after=`` would never be satisfied.
        """
        known = {each.name for each in self.views}
        for view in self.materialized_views:
            unknown = sorted(each.name for each in view.reads if each.name not in known)
            if unknown:
                message = f"materialized view {view.name!r} reads {unknown[0]}, which the application does not have"
                hint = "Name it in projections=[...] or materialized_views=[...]."
                raise ConfigurationError(message, hint=hint)
        check_names(self.processes, list(known))
        for binding in self.registry:
            missing = sorted(model.name for model in binding.reads if model.name not in known)
            if missing:
                message = f"{binding.name} reads {', '.join(missing)}, which is not among the application's views"
                hint = "Add it to projections=[...] or materialized_views=[...]; another process may run it."
                raise ConfigurationError(message, hint=hint)
