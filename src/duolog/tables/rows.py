"""Rows into DTOs: dataclasses, msgspec structs, TypedDicts and scalars, with the types that they declare."""

from collections.abc import Iterable, Sequence
from types import GenericAlias
from typing import Any, TypeVar, cast

import msgspec

from duolog.codec.reasons import unfit_reason
from duolog.errors import StatementError
from duolog.tables.dto_fields import document_names

T = TypeVar("T")


def decode_rows(columns: Sequence[str], rows: Iterable[Iterable[Any]], into: type[T]) -> list[T]:
    """Decode rows into ``into`` by column name.

    Text becomes UUID, datetime or Decimal and 0/1 become bool where the DTO says so, on every database. A field that
    holds something with members, like a list or another DTO, is read from a JSON text.

    Args:
        columns: the columns' names.
        rows: the rows' values.
        into: a dataclass, a msgspec struct or a TypedDict.

    Raises:
        StatementError: a row does not fit; it names the field, never the value.
    """
    names = tuple(columns)
    kind: Any = into
    wanted: Any = GenericAlias(list, (kind,))
    documents = document_names(kind)
    mappings = [dict(zip(names, row, strict=True)) for row in rows]
    try:
        for name in documents:
            for row in mappings:
                if isinstance(row.get(name), str):
                    row[name] = msgspec.json.decode(row[name])
        return cast("list[T]", msgspec.convert(mappings, wanted, strict=False))
    except msgspec.ValidationError as error:
        message = f"a row does not fit {into.__name__}: {unfit_reason(error)}"
        raise StatementError(message, hint=f"The columns are: {', '.join(names)}.") from None
    except msgspec.DecodeError:
        message = f"a row does not fit {into.__name__}: one of {', '.join(documents)} is not JSON"
        raise StatementError(message, hint=f"The columns are: {', '.join(names)}.") from None
