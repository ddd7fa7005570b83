"""Why a value does not fit a type, without the value: it may be secret, and errors are logged."""

from typing import Final

import msgspec

_SHOWS_VALUE: Final = "Invalid enum value"


def unfit_reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's message, which names the place and the expected type, without a value."""
    text = str(error)
    if not text.startswith(_SHOWS_VALUE):
        return text
    _, at, place = text.rpartition(" - at ")
    return f"{_SHOWS_VALUE}{at}{place if at else ''}"
