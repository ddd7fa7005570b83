import asyncio

from duolog.adapters.memory import open_database
from duolog.admin.projection_status import generation_rates
from duolog.database.port import View
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share

VIEW = View("things_view", 1, {"things_view": "CREATE TABLE things_view (id TEXT)"})


async def test_a_rate_is_what_was_passed_while_it_was_looked_at() -> None:
    database = open_database("memory://")
    await database.open()
    await database.prepare_view(VIEW)
    looking = asyncio.create_task(generation_rates(database, seconds=0.5))
    await asyncio.sleep(0.1)
    await database.open_view(VIEW).commit(CheckpointMove(Share("things_view"), 1, 0, 0, 300))
    (status,) = await looking
    assert status.position == 300
    assert status.rate is not None
    assert 0 < status.rate <= 600
    await database.close()
