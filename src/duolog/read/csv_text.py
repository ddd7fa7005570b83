"""Items as CSV (RFC 4180), safe to open in a spreadsheet.

What a person wrote may begin like a formula, which a spreadsheet would run on the computer of whoever opens the file.
See OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast

import msgspec

from duolog.tables.dto_fields import column_names

_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # also the wide ones, which spreadsheets take as well
_BLANKS: Final = "\t\r\n"
_QUOTED: Final = frozenset('",\r\n')
_END: Final = "\r\n"


class CsvText:
    """Writes items of one DTO as lines of CSV.

    Text that begins like a formula gets an apostrophe before it; numbers are left as they are. None is an empty cell,
    True is ``true``, times are as in JSON, and what has members is a JSON text.

    Args:
        item: a dataclass, struct or TypedDict; its fields are the columns.

    Raises:
        ConfigurationError: it has no fields.
    """

    __slots__ = ("_columns",)

    def __init__(self, item: type) -> None:
        self._columns = column_names(item)

    def header(self) -> str:
        """Return the first line, with the columns' names."""
        return ",".join(map(_cell, self._columns)) + _END

    def line(self, item: object) -> str:
        """Return the line of an item.

        Raises:
            TypeError: a field has a type that cannot be written.
        """
        values = cast("Mapping[str, Any]", msgspec.to_builtins(item, builtin_types=(Decimal,)))
        return ",".join([_cell(values.get(name)) for name in self._columns]) + _END


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case str():
            return _quoted(_harmless(value))
        case _:
            return _quoted(msgspec.json.encode(value).decode())


def _harmless(text: str) -> str:
    is_formula = text.startswith(tuple(_BLANKS)) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def _quoted(text: str) -> str:
    if _QUOTED.isdisjoint(text) and text == text.strip():
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
