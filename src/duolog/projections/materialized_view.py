"""The base of a materialized view: a declared SELECT whose rows are kept, and read anew when what it reads changes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Final

from duolog.errors import ConfigurationError, StatementError
from duolog.messages.names import check_type_name
from duolog.projections.projection import Projection
from duolog.tables.sql_tokens import Kind, sql_tokens

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_READS: Final = frozenset({"SELECT", "WITH"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What a materialized view holds.

    Attributes:
        table: the relation's name.
        select: one SELECT.
        key: the columns that tell its rows apart.
        indexes: columns of further indexes.
    """

    table: str
    select: str
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    def check_columns(self, given: Collection[str]) -> None:
        """Refuse a key or an index of columns that the select does not give.

        Args:
            given: the names of the columns that it gives.

        Raises:
            StatementError: there is no such column.
        """
        for word, columns in (("key", self.key), *(("indexes", index) for index in self.indexes)):
            for column in columns:
                if column not in given:
                    message = f"the select of materialized view {self.table!r} gives no column {column!r}"
                    hint = f"`{word}` names {', '.join(columns)}; the select gives {', '.join(given)}."
                    raise StatementError(message, hint=hint)


class MaterializedView:
    """Base of a materialized view.

    Declare ``name`` (which is the relation's too), ``version``, a ``select``, the ``key`` columns that tell its rows
    apart, and what it ``reads``: projections and other materialized views. ``tables`` names the application's own
    tables that it reads beside or instead of those.

    ```python
    class SignUpsView(MaterializedView):
        name, version = "sign_ups", 1
        reads = (UserProjection,)
        key = ("role",)
        select = "SELECT role, count(*) AS users FROM users_view GROUP BY role"
    ```

    A refresh begins as soon as a change has come to rest, not sooner than ``interval`` seconds after the one before it
    began, and ``delay`` seconds after the change at the latest. The view's position is where everything that it reads
    was before the refresh: ``after=`` waits for it as for a projection's.

    ``indexes`` are columns that queries look for or order by, beside the key. Another select, or other types of what it
    selects, are another version: the view is built anew beside the one that queries read, and takes its place.
    """

    name: str
    version: int = 1
    select: str
    key: tuple[str, ...]
    reads: ClassVar[tuple["type[Projection | MaterializedView]", ...]] = ()
    tables: ClassVar[tuple[str, ...]] = ()
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = ()
    interval: ClassVar[float] = 1.0
    delay: ClassVar[float] = 5.0

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Check the declaration when the class is made."""
        super().__init_subclass__(**kwargs)
        for attribute, hint in (
            ("name", 'Write `name, version = "sign_ups", 1` in its body.'),
            ("select", "Write the SELECT whose rows it is to keep."),
            ("key", "Name the columns that tell its rows apart: a refresh finds by them what has changed."),
        ):
            if not getattr(cls, attribute, None):
                message = f"materialized view {cls.__qualname__} has no {attribute}"
                raise ConfigurationError(message, hint=hint)
        for attribute in ("reads", "tables", "key", "indexes"):
            if not isinstance(getattr(cls, attribute), tuple):
                message = f"{attribute} of materialized view {cls.name!r} is no tuple"
                raise ConfigurationError(message, hint=f'Write it like `{attribute} = ("role",)`, with the comma.')
        check_type_name(cls.name, cls.version)
        _check_names(cls)
        _check_select(cls)
        if not cls.reads and not cls.tables:
            message = f"materialized view {cls.name!r} reads nothing"
            raise ConfigurationError(message, hint="Name projections in `reads`, or the application's own `tables`.")
        if not 0 < cls.interval <= cls.delay:
            message = f"materialized view {cls.name!r} cannot keep a delay of {cls.delay:g} s"
            hint = f"Let `interval`, which is {cls.interval:g} s, be above 0, and not above `delay`."
            raise ConfigurationError(message, hint=hint)

    @classmethod
    def contents(cls) -> Contents:
        """Return what it holds."""
        return Contents(cls.name, cls.select, cls.key, cls.indexes)

    @classmethod
    def longest_lag(cls) -> float:
        """Return for how long a change may not be in it although all is well, in seconds, beside its refreshes."""
        behind = [each.longest_lag() for each in cls.reads if issubclass(each, MaterializedView)]
        return cls.interval + cls.delay + max(behind, default=0.0)

    @classmethod
    def sources(cls) -> "tuple[type[Projection | MaterializedView], ...]":
        """Return everything that it reads, directly or through other materialized views, each before what reads it."""
        found: dict[str, type[Projection | MaterializedView]] = {}
        for source in cls.reads:
            behind = source.sources() if issubclass(source, MaterializedView) else ()
            found |= {each.name: each for each in (*behind, source)}
        return tuple(found.values())


ViewClass = type[Projection | MaterializedView]
"""A class that declares a view."""


def in_order_of_reading(views: "tuple[type[MaterializedView], ...]") -> "tuple[type[MaterializedView], ...]":
    """Return materialized views, each behind those that it reads."""
    return tuple(sorted(views, key=lambda each: len(each.sources())))


def _check_names(cls: type[MaterializedView]) -> None:
    columns = [*cls.key, *(column for index in cls.indexes for column in index)]
    wrong = [name for name in (cls.name, *columns) if not _NAME.fullmatch(name)]
    if wrong:
        message = f"materialized view {cls.name!r}: {wrong[0]!r} cannot be a name in its table"
        raise ConfigurationError(message, hint="Use lower-case letters, digits and _.")


def _check_select(cls: type[MaterializedView]) -> None:
    words = [(kind, text) for kind, text in sql_tokens(cls.select) if kind is not Kind.BLANK]
    if not words or words[0][1].upper() not in _READS:
        message = f"the select of materialized view {cls.name!r} is none"
        raise ConfigurationError(message, hint="It begins with SELECT or WITH.")
    if any(kind in {Kind.END, Kind.PARAMETER} for kind, _ in words):
        message = f"the select of materialized view {cls.name!r} has a semicolon or a parameter"
        raise ConfigurationError(message, hint="It is one statement, and the same one at every refresh.")
