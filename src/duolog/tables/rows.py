"""Rows into DTOs: dataclasses, msgspec structs, TypedDicts and scalars, with the types that they declare."""

from collections.abc import Iterable, Sequence
from types import GenericAlias
from typing import Any, TypeVar, cast

import msgspec

from duolog.codec.reasons import unfit_reason
from duolog.errors import StatementError

T = TypeVar("T")


def decode_rows(columns: Sequence[str], rows: Iterable[Iterable[Any]], into: type[T]) -> list[T]:
    """Decode rows into ``into`` by column name.

    Text becomes UUID, datetime or Decimal and 0/1 become bool where the DTO says so, on every database.

    Args:
        columns: the columns' names.
        rows: the rows' values.
        into: a dataclass, a msgspec struct or a TypedDict.

    Raises:
        StatementError: a row does not fit; it names the field, never the value.
    """
    names = tuple(columns)
    wanted: Any = GenericAlias(list, (into,))
    try:
        return cast(
            "list[T]", msgspec.convert([dict(zip(names, row, strict=True)) for row in rows], wanted, strict=False)
        )
    except msgspec.ValidationError as error:
        message = f"a row does not fit {into.__name__}: {unfit_reason(error)}"
        raise StatementError(message, hint=f"The columns are: {', '.join(names)}.") from None
