"""Errors of messages and payloads that break the rules."""

from duolog.errors.base import DuologError


class InvalidMessageError(DuologError):
    """A message's fields do not have their declared types or constraints.

    Attributes:
        path: where in the message, like ``$.email``; empty if unknown.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class PayloadError(DuologError):
    """A payload breaks the rules for what may be stored (depth, numbers, characters, size, types)."""


class UndecodableEventError(DuologError):
    """A stored event cannot be read by this release.

    Attributes:
        position: its position in the log.
        type: its stored type name.
        schema_version: its stored schema version.
        reason: why it cannot be read.
        is_unknown: this release knows no such type, or no such version of it; another one may.
    """

    hint = "Declare the type with @event, or add the missing upcaster, deploy, and retry."

    def __init__(
        self,
        *,
        position: int,
        type: str,  # noqa: A002 - the log's word
        schema_version: int,
        reason: str,
        is_unknown: bool = False,
    ) -> None:
        super().__init__(f"event {type!r} version {schema_version} at position {position} cannot be decoded: {reason}")
        self.position = position
        self.type = type
        self.schema_version = schema_version
        self.reason = reason
        self.is_unknown = is_unknown


class UndecodableCommandError(DuologError):
    """A scheduled command cannot be read by this release; it waits for one that can.

    Attributes:
        command: its stored type name.
        version: its stored schema version.
        reason: why it cannot be read.
    """

    hint = "Deploy a release that handles it, or cancel it: `duolog scheduled cancel ID`."

    def __init__(self, *, command: str, version: int, reason: str) -> None:
        super().__init__(f"scheduled command {command!r} version {version} cannot be decoded: {reason}")
        self.command = command
        self.version = version
        self.reason = reason
