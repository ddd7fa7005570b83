"""Errors of an application that cannot start as it was put together."""

from duolog.errors.base import DuologError


class ConfigurationError(DuologError):
    """The application cannot start as it was put together."""


class MissingHandlerError(ConfigurationError):
    """A message was sent for which no handler is registered."""


class DuplicateHandlerError(ConfigurationError):
    """Two handlers are registered for one message."""


class MisfitHandlerError(ConfigurationError):
    """A handler's ``execute`` does not fit its message."""


class UnnamedTypeError(ConfigurationError):
    """A type that is stored has no stable name, or two types share one."""


class MissingDriverError(ConfigurationError):
    """No adapter is installed for the scheme of a database URL, or its driver is missing."""


class MissingServerError(ConfigurationError):
    """The programs of a database server for tests are not installed, do not run, or are too old."""


class ServerStartError(ConfigurationError):
    """A database server for tests does not start; the message ends with what it has logged."""


class AnotherSecretError(ConfigurationError):
    """The log was written with another secret: personal tags, and so unique values, would not be found again."""


class MissingSecretError(ConfigurationError):
    """The application has no secret to sign cursors, tokens and fingerprints with."""


class NotStartedError(DuologError):
    """The application was used before it was entered or after it was closed."""


class ViewNotEmptyError(ConfigurationError):
    """A projection that never ran here would begin with rows, and apply the events that made them a second time.

    Attributes:
        subscription: the projection's name.
        table: the table that has rows.
    """

    def __init__(self, *, subscription: str, table: str) -> None:
        hint = (
            "If a former projection made them, remove it: "
            f"`duolog projections forget FORMER_NAME --drop-table {table}`; or drop the table. "
            "If they are somebody else's, give the projection a table of another name."
        )
        message = f"projection {subscription!r} has no checkpoint here, and its table {table!r} has rows already"
        super().__init__(message, hint=hint)
        self.subscription = subscription
        self.table = table


class InlineViewNotBuiltError(ConfigurationError):
    """An inline projection's view does not show the events that the log has already.

    Attributes:
        subscription: the projection's name.
        version: the version that the code has.
    """

    def __init__(self, *, subscription: str, version: int) -> None:
        message = f"inline projection {subscription!r} version {version} does not show what the log has already"
        hint = f"Build it before this release starts: `duolog projections build MODULE:ATTRIBUTE {subscription}`."
        super().__init__(message, hint=hint)
        self.subscription = subscription
        self.version = version


class NotAReplicaError(ConfigurationError):
    """What is named as a replica is none of this database: a primary, or a copy of another log.

    Attributes:
        name: its server and database.
    """

    def __init__(self, *, name: str, reason: str) -> None:
        hint = "Name standbys of the server that `database` names in replicas=[...], with the same database and schema."
        super().__init__(f"{name} is no replica of this database: {reason}", hint=hint)
        self.name = name
        self.reason = reason


class SchemaError(ConfigurationError):
    """The database's schema is missing, older or newer than this release, or was tampered with."""
