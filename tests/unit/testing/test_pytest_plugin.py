"""The plugin, in runs of pytest of its own, as its users have it."""

from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.filterwarnings("default")

# An installation made before the plugin was declared does not load it by itself; loading it twice is refused.
LOADED: Final = () if entry_points(group="pytest11", name="duolog") else ("-p", "pytest_duolog")

SHOP: Final = dedent(
    """
    from dataclasses import dataclass

    from duolog import Command, EventPublisher, Projection, TransactionManager, ViewDatabase, event


    @event("bell.rung", stream="bells-{bell}")
    @dataclass(frozen=True, slots=True)
    class BellRung:
        bell: str


    @dataclass(frozen=True, slots=True)
    class RingBell(Command[None]):
        bell: str


    class RingBellInteractor:
        def __init__(self, tx: TransactionManager, events: EventPublisher) -> None:
            self._tx, self._events = tx, events

        async def execute(self, cmd: RingBell) -> None:
            await self._tx.commit()
            await self._events.publish(BellRung(cmd.bell))


    class Bells(Projection):
        name, version = "bells_view", 1
        tables = {"bells_view": "CREATE TABLE bells_view (bell TEXT NOT NULL)"}

        def __init__(self, db: ViewDatabase) -> None:
            self._db = db

        async def on_rung(self, event: BellRung) -> None:
            if event.bell == "cracked":
                raise ValueError("this bell is cracked")
            await self._db.execute("INSERT INTO bells_view (bell) VALUES (:bell)", {"bell": event.bell})


    def make(duolog_app):
        return duolog_app(RingBell.handled_by(RingBellInteractor), projections=[Bells])
    """
)

RINGS: Final = """
    import pytest
    from bells import RingBell, make

    pytestmark = pytest.mark.{mark}


    async def rung(app, caught_up):
        await app.execute(RingBell("big"))
        await caught_up(app)
        reader = app.database.open_reader()
        try:
            return await reader.fetch_value("SELECT count(*) FROM bells_view")
        finally:
            await reader.close()


    @pytest.mark.parametrize("time", [1, 2])
    async def test_each_test_begins_with_an_empty_database(duolog_app, duolog_database_url, caught_up, time):
        assert duolog_database_url.startswith("{scheme}")
        async with make(duolog_app) as app:
            assert await rung(app, caught_up) == 1
"""


PARKED: Final = dedent(
    """
    import pytest
    from bells import RingBell, make


    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [{}, {"parked": True}])
    async def test_a_cracked_bell(duolog_app, caught_up, expected):
        async with make(duolog_app) as app:
            await app.execute(RingBell("cracked"))
            await caught_up(app, **expected)
    """
)

# Each takes longer to load than all that is tried here, and has nothing to do with it.
OTHERS: Final = ("schemathesis", "hypothesispytest", "valkey", "platformdirs", "xdist", "xdist.looponfail")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for tests, in which the plugin is found as it is where duolog is installed."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    pytester.makepyfile(bells=SHOP)
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    without = (argument for name in OTHERS for argument in ("-p", f"no:{name}"))
    return project.runpytest_subprocess(*LOADED, *without, "--timeout=60", *options)


def rings(mark: str, database: str) -> str:
    return dedent(RINGS).format(mark=mark, scheme=database)


def test_its_fixtures_serve_tests_that_pytest_asyncio_or_anyio_runs_in_memory(project: pytest.Pytester) -> None:
    """And an event that was parked fails its test with the reason, unless it is expected."""
    project.makepyfile(test_asyncio=rings("asyncio", "memory:"), test_anyio=rings("anyio", "memory:"))
    project.makepyfile(test_parked=PARKED)
    ended = run(project, "--asyncio-mode=strict", "-k", "not trio")
    ended.assert_outcomes(passed=5, failed=1)
    ended.stdout.fnmatch_lines(
        ["*AssertionError: bells_view has parked bell.rung at 1: ValueError: this bell is cracked"]
    )


def test_its_fixtures_serve_an_automatic_mode_and_a_setting_chooses_the_database(project: pytest.Pytester) -> None:
    """Warnings are errors here."""
    project.makepyfile(test_bells=rings("filterwarnings('error')", "sqlite"))
    project.makeini("[pytest]\nduolog_database = sqlite\n")
    run(project, "--asyncio-mode=auto").assert_outcomes(passed=2)


def test_an_option_chooses_the_database_whatever_the_setting_is(project: pytest.Pytester) -> None:
    project.makepyfile(test_bells=rings("asyncio", "postgres"))
    project.makeini("[pytest]\nduolog_database = sqlite\n")
    run(project, "--duolog-database=postgres").assert_outcomes(passed=2)


def test_it_imports_duolog_when_a_database_is_asked_for_and_refuses_one_that_there_is_not(
    project: pytest.Pytester,
) -> None:
    project.makeini("[pytest]\nduolog_database = oracle\n")
    project.makepyfile(
        test_others="""
        import sys


        def test_nothing_of_it_is_there():
            assert "pytest_duolog" in sys.modules
            assert not [name for name in sys.modules if name.partition(".")[0] in {"duolog", "dishka", "msgspec"}]


        def test_url(duolog_database_url): ...
        """
    )
    ended = run(project)
    ended.assert_outcomes(passed=1, errors=1)
    ended.stdout.fnmatch_lines(["*duolog_database is one of memory, sqlite, postgres; this is not: 'oracle'"])


def test_it_is_declared_to_pytest() -> None:
    root = Path(__file__).parents[3]
    assert 'pytest11]\nduolog = "pytest_duolog"\n' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert (root / "src" / "pytest_duolog.py").is_file()
