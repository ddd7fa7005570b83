"""E-mail addresses."""

import re
from dataclasses import dataclass
from typing import Final, Self

from users.domain.errors import InvalidEmailError

_LONGEST: Final = 254  # RFC 5321, with errata 1690
_LONGEST_LOCAL: Final = 64
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(
    r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Email:
    """A normalised address: trimmed and in lower case, so that one mailbox is one user.

    Attributes:
        value: the address, in ASCII; an international domain stands in its ``xn--`` form.
    """

    value: str

    def __post_init__(self) -> None:
        """Normalise, and refuse what is no address."""
        text = self.value.strip()
        local, _, domain = text.rpartition("@")
        if len(text) > _LONGEST or len(local) > _LONGEST_LOCAL:
            message = f"an e-mail address has {_LONGEST} characters at most, {_LONGEST_LOCAL} of them before the @"
            raise InvalidEmailError(message)
        if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
            message = "this is not an e-mail address"
            raise InvalidEmailError(message)
        object.__setattr__(self, "value", text.lower())

    @classmethod
    def recorded(cls, value: str) -> Self:
        """Return an address that was accepted once; rules that came later do not unmake it."""
        email = object.__new__(cls)
        object.__setattr__(email, "value", value)
        return email

    def __str__(self) -> str:
        return self.value
