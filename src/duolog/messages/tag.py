"""Tags: what an event is about, for dynamic consistency boundaries and filtered reads."""

import re
from dataclasses import dataclass, field
from typing import Final

from duolog.errors import PayloadError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
"""Finds characters that not every database can store."""

_LONGEST_VALUE: Final = 512


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of an event, stored as ``name:value``.

    Attributes:
        name: a lower-case word, like ``email``.
        value: 1 to 512 characters.
        personal: the value is personal data; a hash keyed by the application's secret is stored instead.
    """

    name: str
    value: str = field(repr=False)
    personal: bool = False

    def __post_init__(self) -> None:
        """Check the name and the value."""
        if not _NAME.fullmatch(self.name):
            message = f"{self.name!r} is not a tag name"
            raise PayloadError(message, hint="Use a lower-case word, like `email`.")
        if not 1 <= len(self.value) <= _LONGEST_VALUE or UNSTORABLE.search(self.value):
            message = f"the value of tag {self.name!r} must have 1 to {_LONGEST_VALUE} characters, none of them NUL"
            raise PayloadError(message, hint="Lone surrogates are no characters: decode the text properly first.")
