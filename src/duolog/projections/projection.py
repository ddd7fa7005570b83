"""The base of a projection: ``on_...`` methods that fold events into tables."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from duolog.errors import ConfigurationError
from duolog.messages.batch_handlers import batch_handlers
from duolog.messages.event_handlers import EventHandler, event_handlers
from duolog.messages.names import check_type_name
from duolog.subscriptions.share import Buckets
from duolog.tables.declared_ddl import check_ddl


class Projection:
    """Base of a projection.

    Declare ``name``, ``version`` and the ``tables`` that it owns; take a `ViewDatabase` in the constructor; write one
    ``async on_...`` method for each event type. A method takes the event, and may take the recorded event (position,
    stream, metadata) second. It must depend on nothing but the event and the view: no clock, no chance, no network.

    ```python
    class UserProjection(Projection):
        name, version = "users_view", 1
        tables = {"users_view": "CREATE TABLE users_view (id TEXT PRIMARY KEY, email TEXT NOT NULL)"}

        def __init__(self, db: ViewDatabase) -> None:
            self._db = db

        async def on_user_created(self, event: UserCreated) -> None:
            await self._db.execute(
                "INSERT INTO users_view (id, email) VALUES (:id, :email)", {"id": event.user_id, "email": event.email}
            )
    ```

    ``indexes`` that only queries need are declared by name apart from the tables, so that a rebuild makes them when it
    has loaded the rows. ``dependants`` are the application's own database views that read the tables: they are made
    with the view, and made anew whenever a rebuilt one takes its place.

    ``partitions`` says how many shares a new view starts with, which any number of processes advance side by side; all
    events of one stream stay in order. A view whose rows are fed by several streams overrides `partition_key`, so that
    the events of one row stay in order instead.

    A set-based projection has one method instead, which takes many events at once, of all its types, in order:

    ```python
        async def on_batch(self, events: Sequence[Recorded[UserCreated | UserRenamed]]) -> None: ...
    ```

    ``inline = True`` keeps a view that never lags: its methods run in the transaction that appends the events, before
    they get their positions. What a method raises fails the command. It is for views keyed by stream; it has one share,
    no key of its own, and its methods take the event alone.
    """

    name: str
    version: int = 1
    partitions: int = 1
    inline: bool = False
    tables: ClassVar[Mapping[str, str]] = {}
    indexes: ClassVar[Mapping[str, str]] = {}
    dependants: ClassVar[Mapping[str, str]] = {}
    _is_keyed: ClassVar[bool] = False
    _takes_batches: ClassVar[bool] = False
    _handlers: ClassVar[Mapping[type, EventHandler]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Check the name, the version and the ``on_...`` methods when the class is made."""
        super().__init_subclass__(**kwargs)
        if not isinstance(getattr(cls, "name", None), str):
            message = f"projection {cls.__qualname__} has no name"
            raise ConfigurationError(message, hint='Write `name, version = "users_view", 1` in its body.')
        check_type_name(cls.name, cls.version)
        for attribute in ("tables", "indexes", "dependants"):
            check_ddl(getattr(cls, attribute), attribute, of=f"projection {cls.name!r}")
        Buckets.parts(cls.partitions)
        cls._is_keyed = any("partition_key" in base.__dict__ for base in cls.__mro__ if base is not Projection)
        batches = batch_handlers(cls)
        cls._takes_batches = bool(batches)
        cls._handlers = batches or event_handlers(cls)
        for handler in cls._handlers.values():
            if not inspect.iscoroutinefunction(getattr(cls, handler.method)):
                message = f"{cls.__module__}.{cls.__qualname__}.{handler.method} is not async"
                raise ConfigurationError(message, hint=f"Write `async def {handler.method}(self, event: ...)`.")
        if cls.inline:
            _check_inline(cls)

    @classmethod
    def partition_key(cls, event: Any) -> str:
        """Return what an event is in order with, if that is not its stream; for a projection to override.

        It must depend on nothing but the event. Another key function is another version of the projection.

        Args:
            event: an event that the projection has a method for.
        """
        raise NotImplementedError

    @classmethod
    def is_keyed(cls) -> bool:
        """Tell whether it declares a key."""
        return cls._is_keyed

    @classmethod
    def takes_batches(cls) -> bool:
        """Tell whether it is set-based: `on_batch` takes many events at once."""
        return cls._takes_batches

    @classmethod
    def handlers(cls) -> Mapping[type, EventHandler]:
        """Return its ``on_...`` methods by event type; all are `on_batch` where it is set-based."""
        return cls._handlers


def _check_inline(cls: type[Projection]) -> None:
    if cls.partitions != 1 or cls.is_keyed():
        message = f"inline projection {cls.name!r} cannot be divided"
        raise ConfigurationError(message, hint="Leave `partitions` and `partition_key` out: whoever appends writes it.")
    if cls.takes_batches():
        message = f"inline projection {cls.name!r} takes batches"
        raise ConfigurationError(message, hint="Write one `on_...` method for each event type: units are short.")
    for handler in cls.handlers().values():
        if handler.takes_recorded:
            message = f"{cls.__module__}.{cls.__qualname__}.{handler.method} takes the recorded event"
            hint = "An inline projection runs before the event has a position; let the method take the event alone."
            raise ConfigurationError(message, hint=hint)
