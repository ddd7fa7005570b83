"""The idempotency keys that are being executed, as one process knows them."""

from duolog.write.idempotency import IdempotencyScope


class HeldKeys:
    """Keys held in this process, for stores that cannot tell other processes of them."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: set[tuple[IdempotencyScope, str]] = set()

    def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Hold a key; False if it is held."""
        name = (scope, key)
        if name in self._held:
            return False
        self._held.add(name)
        return True

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go that is held."""
        self._held.discard((scope, key))
