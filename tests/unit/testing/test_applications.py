from dataclasses import dataclass

from duolog import Command, Settings
from duolog.testing import application


@dataclass(frozen=True, slots=True)
class Ping(Command[str]):
    pass


class PingInteractor:
    async def execute(self, cmd: Ping) -> str:
        return type(cmd).__name__


async def test_an_application_for_tests_needs_no_secret_and_no_file() -> None:
    async with application(Ping.handled_by(PingInteractor)) as app:
        assert await app.execute(Ping()) == "Ping"
        assert app.database.url == "memory://"
        assert not app.database.features.durable


async def test_every_application_for_tests_has_a_log_of_its_own() -> None:
    async with application() as first, application() as second:
        assert first.database.store.log_id != second.database.store.log_id


async def test_it_takes_what_an_application_takes() -> None:
    settings = Settings(attempts=3)
    async with application(settings=settings) as app:
        assert app.settings is settings
