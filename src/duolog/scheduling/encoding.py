"""Between commands with their metadata, and what is stored of them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.codec.command_codec import CommandCodec
from duolog.errors import InvalidMessageError
from duolog.messages.envelope import StoredMetadata, decode_stored_metadata, encode_stored_metadata
from duolog.messages.metadata import Actor, Metadata
from duolog.messages.tag import UNSTORABLE
from duolog.scheduling.scheduled_command import LONGEST_KEY, NewCommand, ScheduledCommand, ScheduledId

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def new_command(
    codec: CommandCodec,
    command: object,
    *,
    id: ScheduledId,  # noqa: A002 - what it is called everywhere
    tenant: str,
    metadata: StoredMetadata,
    at: datetime | None = None,
    after: timedelta | None = None,
    key: str | None = None,
) -> NewCommand:
    """Encode a command that is to be scheduled.

    Args:
        codec: knows the application's commands.
        command: the command.
        id: names it.
        tenant: whose data it is about.
        metadata: what it inherits.
        at: when it is due; in the past means at once.
        after: how long after its commit it is due; at once if both are None.
        key: what it is in order with.

    Raises:
        InvalidMessageError: the time or the key is not allowed.
        UnnamedTypeError: the command's class has no ``@command``.
        MissingHandlerError: the application does not handle it.
        PayloadError: it cannot be stored.
    """
    _check(at, after, key)
    spec, payload = codec.encode(command)
    return NewCommand(
        id,
        tenant,
        spec.name,
        spec.version,
        payload,
        encode_stored_metadata(metadata),
        key,
        None if at is None else (at - _EPOCH) // _MICROSECOND,
        0 if after is None else after // _MICROSECOND,
    )


def metadata_of(scheduled: ScheduledCommand) -> Metadata:
    """Return the metadata with which a scheduled command is executed."""
    stored = decode_stored_metadata(scheduled.metadata)
    return Metadata(
        message_id=scheduled.id,
        correlation_id=stored.correlation_id or scheduled.id,
        causation_id=stored.causation_id,
        actor=Actor(stored.actor) if stored.actor else None,
        tenant=scheduled.tenant,
        traceparent=stored.traceparent,
    )


def inherited_metadata(metadata: Metadata) -> StoredMetadata:
    """Return what a scheduled command inherits from the message that schedules it."""
    actor = metadata.actor.id if metadata.actor is not None else None
    return StoredMetadata(metadata.correlation_id, metadata.message_id, actor, metadata.traceparent)


def _check(at: datetime | None, after: timedelta | None, key: str | None) -> None:
    if at is not None and after is not None:
        message = "a command is due either at a time or after a while"
        raise InvalidMessageError(message, hint="Give `at` or `after`, not both.")
    if at is not None and at.tzinfo is None:
        message = "a command cannot be due at a time without a time zone"
        raise InvalidMessageError(message, hint="Use an aware datetime, like datetime.now(UTC) + timedelta(days=1).")
    if after is not None and not timedelta() <= after <= timedelta(days=36_525):
        message = "a command is due after a while between nothing and 100 years"
        raise InvalidMessageError(message)
    if key is not None and (not 1 <= len(key) <= LONGEST_KEY or UNSTORABLE.search(key)):
        message = f"a key has 1 to {LONGEST_KEY} characters, none of them NUL"
        raise InvalidMessageError(message)
