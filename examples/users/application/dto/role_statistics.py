"""How many users a role has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleStatisticsDTO:
    """The users of one role.

    Attributes:
        role: the role's name.
        active: how many may sign in.
        inactive: how many may not.
    """

    role: str
    active: int
    inactive: int
