"""Reactors and process managers react to each event exactly once in effect, by commands."""

import types
from dataclasses import dataclass

import pytest

from duolog import Actor, Application, Metadata, Process, ProcessManager, Reaction, Reactor
from duolog.errors import ConfigurationError
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand
from duolog.subscriptions.parking import ParkReason
from duolog.subscriptions.share import Share
from duolog.write.sealed_work import SealedWork
from tests.unit.process_managers.trials import (
    Greeted,
    GreetNewcomers,
    LapseTrials,
    Seen,
    Trial,
    TrialBegun,
    TrialLapsed,
    TrialUsed,
    publish,
    results,
    trials,
)


async def waiting(app: Application) -> list[ScheduledCommand]:
    return list(await app.database.schedule.read(limit=99))


async def test_a_reactor_answers_an_event_with_a_command(url: str) -> None:
    seen = Seen()
    sent = Metadata(actor=Actor("ann"), tenant="acme")
    async with trials(url, seen, processes=[GreetNewcomers]) as app:
        await publish(app, TrialBegun("1"), TrialUsed("1"), metadata=sent)
        await app.caught_up()
        assert await results(app) == [Greeted("1")]
        (begun, *_) = (await app.database.store.read_all()).events
    (metadata,) = seen.metadata
    assert (metadata.correlation_id, metadata.causation_id) == (sent.correlation_id, begun.event_id)
    assert (metadata.actor, metadata.tenant) == (Actor("ann"), "acme")


async def test_a_deadline_that_is_reached_calls_its_handler(url: str) -> None:
    async with trials(url) as app:
        await publish(app, TrialBegun("1", hours=0))
        await app.caught_up()
        assert await results(app) == [TrialLapsed("1", 0)]
        assert await waiting(app) == []
        assert await app.database.process_states.read("lapse_trials", {("", "1")}) == {}


async def test_activity_moves_the_deadline(url: str) -> None:
    """There is one for each process, and its state is kept."""
    async with trials(url) as app:
        await publish(app, TrialBegun("1"))
        await app.caught_up()
        (first,) = await waiting(app)
        await publish(app, TrialUsed("1"), TrialUsed("1"), TrialUsed("2"))
        await app.caught_up()
        (moved,) = await waiting(app)
        assert moved.due_at > first.due_at
        (stored,) = (await app.database.process_states.read("lapse_trials", {("", "1"), ("", "2")})).values()
        assert (stored.state, stored.deadlines) == (b'{"hours":24.0,"uses":2}', {"unused": moved.id})


async def test_a_deadline_that_was_moved_meanwhile_does_nothing(url: str) -> None:
    """Also if its command was just being executed."""
    seen = Seen()
    async with trials(url, seen) as app:
        await publish(app, TrialBegun("1"))
        await app.caught_up()
        (first,) = await waiting(app)
        await publish(app, TrialUsed("1"))
        await app.caught_up()
        await _schedule_again(app, first)
        await app.caught_up()
        assert "unused" not in seen.calls
        assert len(await waiting(app)) == 1


async def _schedule_again(app: Application, command: ScheduledCommand) -> None:
    new = NewCommand(command.id, "", command.command, 1, command.payload, command.metadata, None, 0)
    await app.database.committer.commit(SealedWork(statements=(app.database.schedule.adding(new),)))


async def test_processes_of_tenants_have_nothing_to_do_with_each_other(url: str) -> None:
    async with trials(url) as app:
        await publish(app, TrialBegun("1", hours=0), metadata=Metadata(tenant="a"))
        await publish(app, TrialBegun("1"), metadata=Metadata(tenant="b"))
        await app.caught_up()
        assert len(await waiting(app)) == 1
        assert list(await app.database.process_states.read("lapse_trials", {("a", "1"), ("b", "1")})) == [("b", "1")]


async def test_what_a_handler_refuses_parks_its_process_and_nothing_else(url: str) -> None:
    """Of what it wanted before it raised, nothing is kept."""

    def refuse(event: object) -> None:
        if event == TrialUsed("1"):
            message = "no"
            raise ValueError(message)

    async with trials(url, Seen(does=refuse)) as app:
        await publish(app, TrialBegun("1"), TrialBegun("2", hours=0), TrialUsed("1"), TrialBegun("1", hours=0))
        await app.caught_up()
        assert await results(app) == [TrialLapsed("2", 0)]
        parked = await app.database.parking.read("lapse_trials")
        assert [(each.key, each.position, each.reason, each.error) for each in parked] == [
            ("1", 3, ParkReason.HANDLER_RAISED, "ValueError: no"),
            ("1", 4, ParkReason.BEHIND_PARKED, ""),
        ]
        (stored,) = (await app.database.process_states.read("lapse_trials", {("", "1")})).values()
        assert stored.state == b'{"hours":24.0,"uses":0}'


async def test_nobody_reacts_to_what_was_before_unless_it_says_so(url: str) -> None:
    """A process that is deployed later must not greet everybody who ever came."""
    if url.startswith("memory"):
        return

    class GreetEverybody(GreetNewcomers):
        name = "greet_everybody"
        starts = "beginning"

    async with trials(url, processes=[]) as app:
        await publish(app, TrialBegun("1"))
    seen = Seen()
    async with trials(url, seen, processes=[GreetNewcomers, GreetEverybody]) as app:
        await publish(app, TrialBegun("2"))
        await app.caught_up()
        greeted = [event.user for event in await results(app) if isinstance(event, Greeted)]
        assert sorted(greeted) == ["1", "2", "2"]
    async with trials(url, processes=[GreetNewcomers, GreetEverybody]) as app:
        await app.caught_up()
        assert len(await results(app)) == 3, "a restart repeats nothing"


async def test_a_page_that_is_repeated_takes_effect_once(url: str) -> None:
    """The ids of reactions are made of the event, so that a checkpoint that was put back does no harm."""
    if url.startswith("memory"):
        return
    async with trials(url, processes=[GreetNewcomers]) as app:
        await publish(app, TrialBegun("1"))
        await app.caught_up()
    async with trials(url, processes=[]) as app:
        lease = await app.database.leases.acquire(Share("greet_newcomers"), "test", seconds=60)
        assert lease is not None
        await app.database.forget_view("greet_newcomers", leases=[lease])
        await app.database.leases.release(lease)
    async with trials(url, processes=[GreetNewcomers]) as app:
        await app.caught_up()
        assert await results(app) == [Greeted("1")]


async def test_commands_are_not_sent_past_the_reaction(url: str) -> None:
    """They would take effect although the page is not committed."""

    class SendDirectly(Reactor):
        name = "send_directly"

        async def on_begun(self, event: TrialBegun, reaction: Reaction) -> None:
            assert reaction.recorded is not None
            await publish(app, TrialUsed(event.user))

    app = trials(url, processes=[SendDirectly])
    async with app:
        await publish(app, TrialBegun("1"))
        await app.caught_up()
        (parked,) = await app.database.parking.read("send_directly")
        assert "NotInCommandScopeError: Publish was sent by a process" in parked.error


async def test_a_state_of_an_earlier_version_is_upcast(url: str) -> None:
    if url.startswith("memory"):
        return

    @dataclass(frozen=True, slots=True)
    class NewTrial:
        minutes: float
        uses: int

    class NewLapseTrials(ProcessManager[NewTrial]):
        name, key, version = "lapse_trials", "user", 2
        upcasts = {1: lambda old: {"minutes": old["hours"] * 60, "uses": old["uses"]}}  # noqa: RUF012 - a constant

        async def on_used(self, event: TrialUsed, process: Process[NewTrial]) -> None:
            assert (event.user, process.state) == ("1", NewTrial(1440, 0))
            process.complete()

        async def on_deadline_unused(self, process: Process[NewTrial]) -> None: ...

    async with trials(url) as app:
        await publish(app, TrialBegun("1"))
        await app.caught_up()
    async with trials(url, processes=[NewLapseTrials]) as app:
        await publish(app, TrialUsed("1"))
        await app.caught_up()
        assert await app.database.parking.read("lapse_trials") == []
        assert await waiting(app) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "has no name"),
        ({"name": "a"}, "has no on_... method"),
        ({"name": "a", "on_begun": LapseTrials.on_begun}, "does not say which process TrialBegun belongs to"),
        ({"name": "a", "key": "nobody", "on_begun": LapseTrials.on_begun}, "does not say which process"),
        (
            {"name": "a", "key": "user", "version": 2, "on_begun": LapseTrials.on_begun},
            "cannot read states of version 1",
        ),
    ],
)
def test_a_process_manager_that_cannot_work_is_an_error_at_once(body: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        types.new_class("Broken", (ProcessManager[Trial],), exec_body=lambda names: names.update(body))


def test_a_process_manager_says_what_it_remembers() -> None:
    with pytest.raises(ConfigurationError, match="does not say what it remembers"):

        class Forgetful(ProcessManager):  # type: ignore[type-arg]
            name, key = "forgetful", "user"

            async def on_begun(self, event: TrialBegun, process: Process[Trial]) -> None: ...


async def test_two_subscriptions_cannot_share_a_name() -> None:
    with pytest.raises(ConfigurationError, match="share the name 'lapse_trials'"):
        trials("memory://", processes=[LapseTrials, LapseTrials])
