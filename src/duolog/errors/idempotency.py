"""Errors of idempotency keys."""

from duolog.errors.base import DuologError


class IdempotencyKeyReusedError(DuologError):
    """An idempotency key came again with another command."""

    hint = "Send the same command again with its key, and every other command with a key of its own."


class IdempotencyInFlightError(DuologError):
    """The command with this idempotency key is being executed right now."""

    hint = "Ask again a little later, with the same key: then it is answered with the first outcome."


class UnreadableAnswerError(DuologError):
    """The command with this idempotency key took effect, but this release cannot read its stored answer."""

    hint = "It is not run again: look at what it changed, or ask the release that executed it."


class IdempotencyKeyTakenError(DuologError):
    """Another unit of work has committed this idempotency key; nothing of this one was changed."""
