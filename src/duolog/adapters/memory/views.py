"""Making views ready in memory: their tables, generations and shares."""

from collections.abc import Collection, Sequence

from duolog.adapters._sql.ddl import (
    check_empty,
    check_tables,
    create_missing,
    create_missing_indexes,
    drop_named,
    drop_tables,
    drop_views,
    missing_tables,
)
from duolog.adapters._sql.generation_tables import stored_names, stored_tables
from duolog.adapters._sql.moved_processes import forget_process
from duolog.adapters._sql.swapping import create_view
from duolog.adapters.memory.leases import MemoryLeases
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryGenerations, MemoryParking
from duolog.adapters.memory.tables import Tables
from duolog.database.port import View
from duolog.database.view_states import check_droppable, check_live, is_current, owned_share
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Buckets


class MemoryViews:
    """Prepares, doubles and forgets views.

    Args:
        tables: where they are.
        generations: which there are.
        checkpoints: where their shares are.
        parking: what they lack.
        leases: whose tokens fence former owners off.
    """

    __slots__ = ("_checkpoints", "_generations", "_leases", "_parking", "_tables")

    def __init__(
        self,
        tables: Tables,
        generations: MemoryGenerations,
        checkpoints: MemoryCheckpoints,
        parking: MemoryParking,
        leases: MemoryLeases,
    ) -> None:
        self._tables = tables
        self._generations = generations
        self._checkpoints = checkpoints
        self._parking = parking
        self._leases = leases

    async def prepare(self, view: View, lease: Lease | None) -> Sequence[Checkpoint]:
        """Do what `Database.prepare_view` says."""
        parts = Buckets.parts(view.partitions)
        async with self._tables.turn:
            live = self._generations.live(view.subscription)
            known = [] if live is None else self._checkpoints.of(view.subscription, live.number)
            owned = owned_share(known, lease)
            if owned is not None:
                self._checkpoints.check_token(owned.share, owned.token)
            if live is not None and live.version != view.version:
                return known
            check_tables(view.tables)
            with self._tables.transaction() as connection:
                current = is_current(known, missing_tables(connection, view.tables))
                if known and not current and owned is None:
                    return known
                if live is None:
                    check_empty(connection, view.subscription, view.tables)
                    if view.contents is not None:  # what is left of one that was forgotten may have other columns
                        drop_tables(connection, view.tables)
                elif not current:
                    drop_tables(connection, dict.fromkeys((*live.tables, *view.tables)))
                create_view(connection, view.tables, view.contents)
                if not current:
                    create_missing_indexes(connection, view.indexes)
                    drop_views(connection, view.dependants)
                    create_missing(connection, view.dependants)
                self._tables.commit()
            number = 1 if live is None else live.number
            if not current or (live is not None and live.tables != tuple(view.tables)):
                self._generations.put(view.subscription, number, view.version, Role.LIVE, tuple(view.tables))
            if not current:
                self._parking.forget(view.subscription, number)
                self._checkpoints.begin(view.subscription, number, view.version, parts)
            return self._checkpoints.of(view.subscription, number)

    async def create_shadow(self, view: View) -> Generation:
        """Do what `Database.create_shadow` says."""
        parts = Buckets.parts(view.partitions)
        async with self._tables.turn:
            there = self._generations.of(view.subscription)
            shadow = check_live(view, there)
            if shadow is not None:
                return shadow
            check_tables(view.tables)
            number = max(there[-1].number, self._leases.greatest_generation(view.subscription)) + 1
            stored = stored_tables(view.tables, number)
            with self._tables.transaction() as connection:
                drop_tables(connection, stored)
                create_view(connection, stored, view.contents)
                self._tables.commit()
            self._checkpoints.begin(view.subscription, number, view.version, parts)
            return self._generations.put(view.subscription, number, view.version, Role.SHADOW, tuple(view.tables))

    async def drop_generation(self, subscription: str, number: int) -> None:
        """Do what `Database.drop_generation` says."""
        async with self._tables.turn:
            generation = self._generations.find(subscription, number)
            if generation is None:
                return
            check_droppable(generation)
            with self._tables.transaction() as connection:
                drop_tables(connection, stored_names(generation))
                self._tables.commit()
            self._drop(generation)

    async def forget(self, subscription: str, leases: Collection[Lease], tables: Sequence[str]) -> None:
        """Do what `Database.forget_view` says."""
        async with self._tables.turn:
            self._checkpoints.check_tokens(subscription, {lease.share.key: lease.token for lease in leases})
            generations = self._generations.of(subscription)
            with self._tables.transaction() as connection:
                drop_named(connection, tables)
                forget_process(connection, subscription)
                for generation in generations:
                    if generation.role is not Role.LIVE:
                        drop_tables(connection, stored_names(generation))
                self._tables.commit()
            for generation in generations:
                self._drop(generation)

    def _drop(self, generation: Generation) -> None:
        self._parking.forget(generation.subscription, generation.number)
        self._checkpoints.drop(generation.subscription, generation.number)
        self._generations.drop(generation.subscription, generation.number)
