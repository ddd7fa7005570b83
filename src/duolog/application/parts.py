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

    def __post_init__(self) -> None:
        """Refuse a query that waits for a projection which the application does not have.

        Raises:
            ConfigurationError: ``after=`` would never be satisfied.
        """
        known = {projection.name for projection in self.projections}
        check_names(self.processes, list(known))
        for binding in self.registry:
            missing = sorted(model.name for model in binding.reads if model.name not in known)
            if missing:
                message = f"{binding.name} reads {', '.join(missing)}, which is not among the application's projections"
                hint = "Add it to projections=[...]; `start(projections=False)` leaves running it to another process."
                raise ConfigurationError(message, hint=hint)
