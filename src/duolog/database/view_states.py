"""What may be done with a view, as every database has it."""

from collections.abc import Collection, Sequence

from duolog.database.port import View
from duolog.errors import ConfigurationError, GenerationGoneError, ViewBehindError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.leases import Lease


def is_current(known: Sequence[Checkpoint], missing: Collection[str]) -> bool:
    """Tell whether a live generation can go on.

    Args:
        known: the checkpoints of its shares.
        missing: tables of it that do not exist: one that is missing at a later position has missed events.
    """
    return bool(known) and (not missing or all(checkpoint.position == 0 for checkpoint in known))


def owned_share(known: Sequence[Checkpoint], lease: Lease | None) -> Lease | None:
    """Return a lease if it is on a share that a live generation has.

    Args:
        known: the checkpoints of its shares.
        lease: somebody's lease, or None.
    """
    if lease is None or all(checkpoint.share != lease.share for checkpoint in known):
        return None
    return lease


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


def switched_pair(there: Sequence[Generation], view: View, number: int) -> tuple[Generation, Generation]:
    """Return the live generation, and the one that is to become it; they are the same if it is.

    Raises:
        GenerationGoneError: one of them is missing.
    """
    live = live_of(there)
    target = next((each for each in there if each.number == number), None)
    if live is None or target is None:
        raise GenerationGoneError(view=view.subscription, generation=number)
    return live, target


def check_caught_up(live: Sequence[Checkpoint], target: Sequence[Checkpoint]) -> None:
    """Refuse to let queries go back in time.

    Args:
        live: the checkpoints of the live generation's shares.
        target: those of the generation that is to take its place; it may be divided in another way.

    Raises:
        ViewBehindError: a share of it has passed less than one with the same buckets of the live one.
    """
    pairs = [
        (theirs.position - ours.position, ours, theirs)
        for ours in target
        for theirs in live
        if theirs.share.buckets.lo <= ours.share.buckets.hi and ours.share.buckets.lo <= theirs.share.buckets.hi
    ]
    behind, ours, theirs = max(pairs, key=lambda pair: pair[0])
    if behind > 0:
        share = ours.share
        raise ViewBehindError(
            view=share.subscription, generation=share.generation, position=ours.position, live=theirs.position
        )
