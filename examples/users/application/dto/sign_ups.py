"""How many users have signed up in a month."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignUpsDTO:
    """Those who signed up in one month, have one role now, and were not deleted.

    Attributes:
        month: in UTC, like ``2026-11``.
        role: the role's name.
        users: how many.
        active: how many of them may sign in.
    """

    month: str
    role: str
    users: int
    active: int
