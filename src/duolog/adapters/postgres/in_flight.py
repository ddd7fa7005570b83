"""What the commits that are being sent touch, so that others of this process do not meet them in the database."""

from collections import Counter
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
        self._keys: Counter[int] = Counter()

    def add(self, commit: Commit) -> None:
        """Take a commit in."""
        tenant = commit.work.tenant
        self._streams.update((tenant, stream) for stream in commit.parts)
        self._ids.update(commit.ids)
        if commit.key is not None:
            self._records.add(commit.key)
        self._keys.update(commit.keys)

    def remove(self, batch: Sequence[Commit]) -> None:
        """Let commits out that were decided."""
        for commit in batch:
            tenant = commit.work.tenant
            self._streams.difference_update((tenant, stream) for stream in commit.parts)
            self._ids.difference_update(commit.ids)
            if commit.key is not None:
                self._records.discard(commit.key)
            for key in commit.keys:
                self._keys[key] -= 1
                if not self._keys[key]:
                    del self._keys[key]

    def meets(self, commit: Commit) -> bool:
        """Tell whether a commit must wait for one of these."""
        tenant = commit.work.tenant
        return bool(
            any(key in self._keys for key in commit.exclusive)
            or any((tenant, stream) in self._streams for stream in commit.parts)
            or not self._ids.isdisjoint(commit.ids)
            or (commit.key is not None and commit.key in self._records)
        )
