"""The rules for the stable names of stored types."""

import re
from typing import Final

from duolog.errors import UnnamedTypeError

_TYPE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_LONGEST: Final = 128


def check_type_name(name: str, version: int) -> None:
    """Check the stable name and schema version of a stored type.

    Args:
        name: dotted lower-case words, like ``user.created``; 128 characters at most.
        version: a whole number from 1.

    Raises:
        UnnamedTypeError: one of them is not allowed.
    """
    if not _TYPE_NAME.fullmatch(name) or len(name) > _LONGEST:
        message = f"{name!r} is not a type name"
        raise UnnamedTypeError(message, hint='Use dotted lower-case words, like "user.created".')
    if version < 1:
        message = f"{name!r}: version {version} is not allowed"
        raise UnnamedTypeError(message, hint="Schema versions start at 1.")
