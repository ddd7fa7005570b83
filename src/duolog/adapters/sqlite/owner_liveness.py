"""Telling whether the process that owns a lease has died on this machine, so that nobody waits for its lease to end."""

import os

from duolog.subscriptions.owner import Owner, start_time


def is_dead(owner: str) -> bool:
    """Tell whether ``owner`` is a process of this host that does not live any more.

    Args:
        owner: a name as `duolog.subscriptions.owner` makes it; anything else, and a process of another host or of
            another PID namespace, counts as living.

    Returns:
        True if no process has this pid, or the one that has it started at another time.
    """
    holder, this = Owner.parse(owner), Owner.this()
    if os.name != "posix" or holder is None or (holder.host, holder.namespace) != (this.host, this.namespace):
        return False
    try:
        os.kill(holder.pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it lives, as somebody else
    started = start_time(holder.pid)
    return started is not None and holder.start.isdigit() and holder.start != started
