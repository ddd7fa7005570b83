"""What process managers remember, and the port that keeps it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from duolog.scheduling.scheduled_command import ScheduledId
from duolog.tables.statements import Statement

Place = tuple[str, str]
"""Tenant and key of a process."""


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """One running process as it is stored.

    Attributes:
        process: the process manager's name.
        tenant: whose it is.
        key: what it is about.
        stamp: changes with every write; empty for one that is not stored.
        version: version of the state's schema.
        state: JSON of the state; None for none.
        deadlines: by name, the scheduled command of each deadline that is set.
    """

    process: str
    tenant: str
    key: str
    stamp: str = ""
    version: int = 1
    state: bytes | None = field(default=None, repr=False)
    deadlines: Mapping[str, ScheduledId] = field(default_factory=dict[str, ScheduledId])

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to remember."""
        return self.state is None and not self.deadlines


class ProcessStates(Protocol):
    """Keeps running processes. They are written by statements in somebody's transaction, by compare-and-set."""

    async def read(self, process: str, places: Collection[Place]) -> Mapping[Place, StoredProcess]:
        """Return those of the processes that are stored."""
        ...

    def writing(self, before: StoredProcess, after: StoredProcess) -> Statement:
        """Return the statement that stores a process as it is to be, or forgets one that is over.

        It must change one row, and changes none if the process is not as ``before`` any more.

        Args:
            before: as it was read, or without a stamp.
            after: with a new stamp; at least one of the two has something to remember.
        """
        ...

    async def beginning(self, process: str) -> int | None:
        """Return after which position a process manager begins; None if that is not noted."""
        ...

    async def begin(self, process: str, position: int) -> int:
        """Note after which position a process manager begins, if that is not noted yet, and return what is noted."""
        ...
