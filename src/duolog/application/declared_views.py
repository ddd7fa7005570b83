"""The views that projections declare, on the application's database."""

from collections.abc import Sequence
from dataclasses import replace

from duolog.database.port import Database, View
from duolog.projections.materialized_view import MaterializedView, ViewClass
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share


class DeclaredViews:
    """A `ViewGenerations` on a database, and what prepares and opens views; errors as the database's own methods.

    Args:
        database: the application's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self, projection: ViewClass, lease: Lease | None) -> Sequence[Checkpoint]:
        """Create a projection's first generation where there is none; see `Database.prepare_view`."""
        return await self._database.prepare_view(declared_view(projection), lease=lease)

    def open(self, projection: ViewClass, share: Share, role: Role) -> ViewSession:
        """Open the session for one batch of a share; see `Database.open_view`."""
        return self._database.open_view(declared_view(projection), share, role)

    async def create_shadow(self, projection: ViewClass) -> Generation:
        """Create a further generation; see `Database.create_shadow`."""
        return await self._database.create_shadow(declared_view(projection))

    async def finish_load(self, projection: ViewClass, number: int) -> None:
        """Bring a loaded generation into the state in which queries are to find it; see `Database.finish_load`."""
        await self._database.finish_load(declared_view(projection), number)

    async def switch(self, projection: ViewClass, number: int, *, accept_behind: bool = False) -> Generation:
        """Try once to let queries read a generation; see `Database.switch_view`."""
        return await self._database.switch_view(declared_view(projection), number, accept_behind=accept_behind)

    async def missing_tables(self, projection: ViewClass, generation: Generation) -> Sequence[str]:
        """Return the tables that a projection declares and a generation of it lacks; see `Database.stored_tables`."""
        wanted = tuple(declared_view(projection).tables)
        there = {each.name for each in await self._database.stored_tables(replace(generation, tables=wanted))}
        return [name for name in wanted if name not in there]

    async def drop(self, projection: ViewClass, number: int) -> None:
        """Remove a generation that is not live; see `Database.drop_generation`."""
        await self._database.drop_generation(projection.name, number)


def declared_view(projection: ViewClass) -> View:
    """Return a view as its projection declares it, or a materialized view as it is."""
    if issubclass(projection, MaterializedView):
        contents = projection.contents()
        empty = f"CREATE TABLE {contents.table} AS SELECT * FROM ({contents.select}) AS contents LIMIT 0"  # noqa: S608 - declared
        return View(projection.name, projection.version, {contents.table: empty}, contents=contents)
    return View(
        projection.name,
        projection.version,
        projection.tables,
        projection.partitions,
        projection.indexes,
        projection.dependants,
    )
