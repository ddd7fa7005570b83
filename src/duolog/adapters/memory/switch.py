"""Letting queries read another generation of a view in memory, and making a loaded one ready for that."""

from duolog.adapters._sql.table_switch import finish_tables, switch_tables
from duolog.adapters.memory.leases import MemoryLeases
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryGenerations
from duolog.adapters.memory.tables import Tables
from duolog.database.port import View
from duolog.database.view_states import check_caught_up, switched_pair
from duolog.subscriptions.generations import Generation, Role


class MemorySwitch:
    """Switches views.

    Args:
        tables: where they are.
        generations: which there are.
        checkpoints: where their shares are.
        leases: whose tokens fence former owners off.
    """

    __slots__ = ("_checkpoints", "_generations", "_leases", "_tables")

    def __init__(
        self, tables: Tables, generations: MemoryGenerations, checkpoints: MemoryCheckpoints, leases: MemoryLeases
    ) -> None:
        self._tables = tables
        self._generations = generations
        self._checkpoints = checkpoints
        self._leases = leases

    async def finish_load(self, view: View, number: int) -> None:
        """Do what `Database.finish_load` says."""
        async with self._tables.turn:
            live, generation = switched_pair(self._generations.of(view.subscription), view, number)
            if generation is not live:
                with self._tables.transaction() as connection:
                    finish_tables(connection, view.indexes, generation)
                    self._tables.commit()

    async def switch(self, view: View, number: int, *, accept_behind: bool) -> Generation:
        """Do what `Database.switch_view` says."""
        async with self._tables.turn:
            live, target = switched_pair(self._generations.of(view.subscription), view, number)
            if target is live:
                return live
            before = self._checkpoints.of(view.subscription, live.number)
            after = self._checkpoints.of(view.subscription, number)
            if not accept_behind:
                check_caught_up(before, after)
            with self._tables.transaction() as connection:
                switch_tables(connection, live, target, view.dependants)
                self._tables.commit()
            for checkpoint in (*before, *after):
                self._leases.fence_off(checkpoint.share)
            self._generations.put(live.subscription, live.number, live.version, Role.PREVIOUS, live.tables)
            return self._generations.put(target.subscription, number, target.version, Role.LIVE, target.tables)
