"""What whoever meets a closed log is told; the same on every database."""

from typing import Final

from duolog.database.examination import Examination, Level
from duolog.database.transfer import InUse, LogIdentity, Moved, Receiving, TransferState
from duolog.errors import (
    AnotherSecretError,
    LogClosedError,
    LogIncompleteError,
    LogMovedError,
    LogNotEmptyError,
    TransferError,
)

CLOSED: Final = "duolog: the log is closed"
"""What a database's trigger raises."""

IMPORTED: Final = "import"
"""How the source begins of a log that comes from a file."""


def check_in_use(state: TransferState, url: str) -> None:
    """Refuse to open a closed log for writing.

    Args:
        state: the log's state.
        url: of the database, without a password.

    Raises:
        LogMovedError: it was moved.
        LogIncompleteError: it is on its way in.
    """
    match state:
        case InUse():
            return
        case Moved(target):
            raise LogMovedError(target=target, url=url)
        case Receiving(source):
            message = f"the log of {url} is on its way in from {source}, and not complete yet"
            how = (
                "Import the file again; it begins anew."
                if source.startswith(IMPORTED)
                else f"`duolog promote {source} {url}` goes on where it was interrupted."
            )
            raise LogIncompleteError(message, source=source, hint=how)


def examine_log(state: TransferState, url: str) -> Examination:
    """Say whether the log takes events."""
    try:
        check_in_use(state, url)
    except LogMovedError as error:
        return Examination("log", Level.RISK, error.message, error.hint)
    except LogIncompleteError as error:
        return Examination("log", Level.FAULT, error.message, error.hint)
    return Examination("log", Level.WELL, "it takes events")


def closed_error() -> LogClosedError:
    """Return the error of whoever records something in a log that was closed after it was opened."""
    message = "the log takes no events here: it was moved, or it is on its way in"
    return LogClosedError(message, hint="`duolog doctor` says where it is; start the application there.")


def unreceivable_error() -> TransferError:
    """Return the error of events that cannot be kept as they are."""
    message = "positions do not increase, or an event id or a stream's version stands twice"
    hint = "What comes is not one log, or what is here is not the beginning of it."
    return TransferError(message, hint=hint)


def check_beginning(here: LogIdentity, state: TransferState, comes: LogIdentity, *, head: int, url: str) -> None:
    """Refuse to receive a log where it cannot be kept.

    Args:
        here: what the log here is.
        state: its state.
        comes: the log that is to be received.
        head: position of the last event here; 0 if there is none.
        url: of the database here, without a password.

    Raises:
        LogNotEmptyError: another log has events here, or this one is in use here.
        AnotherSecretError: this database was used with another secret.
    """
    is_same = here.log_id == comes.log_id
    if isinstance(state, InUse) and head:
        what = "this very log is in use" if is_same else "another log has events"
        message = f"a log cannot be received by {url}: {what} there"
        raise LogNotEmptyError(message, hint="Name an empty database, or an empty schema of one.")
    if not isinstance(state, InUse) and not is_same:
        message = f"a log cannot be received by {url}: another one was moved from there, or is on its way in"
        raise LogNotEmptyError(message, hint="Name an empty database, or drop this one if nobody needs it.")
    if isinstance(state, InUse) and here.secret_check and comes.secret_check not in ("", here.secret_check):
        message = f"{url} was used with another secret than the log that comes"
        raise AnotherSecretError(message, hint="Name a database in which no application was started yet.")
