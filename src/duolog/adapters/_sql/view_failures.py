"""What a batch of a projection fails with whatever the database is."""

from duolog.errors import NotStartedError, StatementError


def session_closed() -> NotStartedError:
    """Return what a session that is closed raises."""
    message = "this session is closed"
    return NotStartedError(message, hint="Open a view session for each batch.")


def flush_cancelled() -> StatementError:
    """Return what a session raises once somebody cancelled a flush and went on: nobody saw whether it failed."""
    message = "the call that wrote what was buffered was cancelled"
    return StatementError(message, hint="Put no time limit on the database's calls in a projection.")
