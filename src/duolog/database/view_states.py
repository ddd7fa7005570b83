"""What may be done with a view, as every database has it."""

from collections.abc import Collection, Sequence

from duolog.database.port import View
from duolog.errors import ConfigurationError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role


def is_current(known: Sequence[Checkpoint], view: View, missing: Collection[str]) -> bool:
    """Tell whether a live generation can go on.

    Args:
        known: the checkpoints of its shares.
        view: what it is to be.
        missing: tables of it that do not exist: one that is missing at a later position has missed events.
    """
    if not known or any(checkpoint.version != view.version for checkpoint in known):
        return False
    return not missing or all(checkpoint.position == 0 for checkpoint in known)


def check_live(view: View, there: Sequence[Generation]) -> Generation | None:
    """Refuse to double a view that does not exist, and return the shadow of its version that exists already.

    Raises:
        ConfigurationError: there is no live generation.
    """
    if not any(generation.role is Role.LIVE for generation in there):
        message = f"view {view.subscription!r} does not exist"
        raise ConfigurationError(message, hint="Run the application: it builds the view from the beginning.")
    shadows = (each for each in there if each.role is Role.SHADOW and each.version == view.version)
    return next(shadows, None)


def check_droppable(generation: Generation) -> None:
    """Refuse to drop the live generation.

    Raises:
        ConfigurationError: it is live.
    """
    if generation.role is Role.LIVE:
        message = f"generation {generation.number} of {generation.subscription!r} is live"
        raise ConfigurationError(message, hint="Switch to another generation first, or forget the whole view.")
