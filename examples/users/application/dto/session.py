"""What signing in answers with."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """Whom the e-mail address and the password belong to.

    Attributes:
        id: the user's id.
        role: the role's name.
    """

    id: UUID
    role: str
