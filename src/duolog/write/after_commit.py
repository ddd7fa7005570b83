"""What is called once a unit of work is durable."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from duolog.eventstore.appends import Appended

_log: Final = logging.getLogger("duolog.write")

AfterCommit = Callable[[Appended], Awaitable[None]]


class AfterCommitHooks:
    """The hooks of one unit of work, called once, in the order they were added."""

    __slots__ = ("_hooks",)

    def __init__(self) -> None:
        self._hooks: list[AfterCommit] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._hooks)

    def add(self, hook: AfterCommit) -> None:
        """Add a hook."""
        self._hooks.append(hook)

    async def run(self, outcome: Appended) -> None:
        """Call the hooks; what one raises is logged, and changes nothing."""
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            try:
                await hook(outcome)
            except Exception:  # noqa: BLE001 - logged; the work is durable, whatever the hook does
                _log.exception("an after-commit hook failed; the work is committed")
