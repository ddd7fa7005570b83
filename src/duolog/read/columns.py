"""Names of columns as they may stand in SQL text."""

import re
from typing import Final

from duolog.errors import ConfigurationError

_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")


def check_column(column: str) -> str:
    """Return ``column`` if it is an identifier, or ``table.column``.

    Raises:
        ConfigurationError: it is not, so it must not become SQL text.
    """
    if not _COLUMN.fullmatch(column):
        message = f"{column[:64]!r} is not the name of a column"
        raise ConfigurationError(message, hint="Use letters, digits and `_`, like `created_at` or `u.created_at`.")
    return column
