"""What the commits that are being sent touch, so that others of this process do not meet them in the database."""

from collections.abc import Sequence
from uuid import UUID

from duolog.adapters.postgres.commits import Commit
from duolog.write.idempotency import IdempotencyScope


class InFlight:
    """What the commits that are being sent touch, so that no other one of this process meets them."""

    __slots__ = ("_ids", "_keys", "_records", "_streams")

    def __init__(self) -> None:
        self._streams: set[tuple[str, str]] = set()
        self._ids: set[UUID] = set()
        self._records: set[tuple[IdempotencyScope, str]] = set()
        self._keys: dict[int, int] = {}  # with how many of the commits are under each

    def add(self, commit: Commit) -> None:
        """Take a commit in."""
        self._streams.update(commit.streams)
        self._ids.update(commit.ids)
        if commit.key is not None:
            self._records.add(commit.key)
        for key in commit.keys:
            self._keys[key] = self._keys.get(key, 0) + 1

    def remove(self, batch: Sequence[Commit]) -> None:
        """Let commits out that were decided."""
        for commit in batch:
            self._streams.difference_update(commit.streams)
            self._ids.difference_update(commit.ids)
            if commit.key is not None:
                self._records.discard(commit.key)
            for key in commit.keys:
                left = self._keys.pop(key) - 1
                if left:
                    self._keys[key] = left

    def meets(self, commit: Commit) -> bool:
        """Tell whether a commit must wait for one of these."""
        return not (
            self._streams.isdisjoint(commit.streams)
            and self._ids.isdisjoint(commit.ids)
            and (not commit.exclusive or commit.exclusive.isdisjoint(self._keys))
            and (not self._records or commit.key is None or commit.key not in self._records)
        )
