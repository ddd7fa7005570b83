"""What backends do differently."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """What a backend does differently, as data; tests and code ask here instead of for a name.

    Attributes:
        durable: what is committed survives the process.
        shared: other processes can open the same database.
        snapshot_reads: all fetches of one read session see one state.
        single_writer: units of work are written one after another; otherwise they wait for each other only where they
            change the same rows.
        keys_shared: an idempotency key that another process executes is refused at once; otherwise its command is run,
            and finds out when it commits.
    """

    durable: bool
    shared: bool
    snapshot_reads: bool
    single_writer: bool
    keys_shared: bool
