"""A small application for these tests: trials that begin, are used, and lapse when they are not used for a while."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from dishka import Provider, Scope, provide

from duolog import (
    Application,
    Command,
    EventPublisher,
    Metadata,
    Process,
    ProcessManager,
    Projection,
    Reaction,
    Reactor,
    TransactionManager,
    command,
    event,
)
from duolog.testing import application


@event("trial.begun", stream="trial_notices-{user}")
@dataclass(frozen=True, slots=True)
class TrialBegun:
    user: str
    hours: float = 24.0


@event("trial.used", stream="trial_notices-{user}")
@dataclass(frozen=True, slots=True)
class TrialUsed:
    user: str


@event("trial.lapsed", stream="trial_results-{user}")
@dataclass(frozen=True, slots=True)
class TrialLapsed:
    user: str
    uses: int


@event("trial.greeted", stream="trial_results-{user}")
@dataclass(frozen=True, slots=True)
class Greeted:
    user: str


@dataclass(frozen=True, slots=True)
class Publish(Command[None]):
    events: tuple[object, ...]


class PublishInteractor:
    def __init__(self, publisher: EventPublisher, tx: TransactionManager) -> None:
        self._publisher = publisher
        self._tx = tx

    async def execute(self, cmd: Publish) -> None:
        for each in cmd.events:
            await self._publisher.publish(each)
        await self._tx.commit()


@command("trial.lapse")
@dataclass(frozen=True, slots=True)
class LapseTrial(Command[None]):
    user: str
    uses: int


@command("trial.greet")
@dataclass(frozen=True, slots=True)
class Greet(Command[None]):
    user: str


@dataclass(slots=True)
class Seen:
    """What the handlers of a test's applications have met.

    Attributes:
        metadata: of the commands that were executed.
        calls: of the handlers, by event.
        does: called with each event before it is handled.
    """

    metadata: list[Metadata] = field(default_factory=list[Metadata])
    calls: list[object] = field(default_factory=list[object])
    does: Callable[[object], None] = lambda _: None

    def meets(self, event: object) -> None:
        self.calls.append(event)
        self.does(event)


class LapseTrialInteractor:
    def __init__(self, publisher: EventPublisher, tx: TransactionManager, seen: Seen, metadata: Metadata) -> None:
        self._publisher = publisher
        self._tx = tx
        self._seen = seen
        self._metadata = metadata

    async def execute(self, cmd: LapseTrial) -> None:
        self._seen.metadata.append(self._metadata)
        await self._publisher.publish(TrialLapsed(cmd.user, cmd.uses))
        await self._tx.commit()


class GreetInteractor:
    def __init__(self, publisher: EventPublisher, tx: TransactionManager, seen: Seen, metadata: Metadata) -> None:
        self._publisher = publisher
        self._tx = tx
        self._seen = seen
        self._metadata = metadata

    async def execute(self, cmd: Greet) -> None:
        self._seen.metadata.append(self._metadata)
        await self._publisher.publish(Greeted(cmd.user))
        await self._tx.commit()


@dataclass(frozen=True, slots=True)
class Trial:
    hours: float
    uses: int = 0


class LapseTrials(ProcessManager[Trial]):
    name, key = "lapse_trials", "user"

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    async def on_begun(self, event: TrialBegun, process: Process[Trial]) -> None:
        self._seen.meets(event)
        process.state = Trial(event.hours)
        process.set_deadline("unused", after=timedelta(hours=event.hours))

    async def on_used(self, event: TrialUsed, process: Process[Trial]) -> None:
        self._seen.meets(event)
        if process.state is None:
            return
        process.state = Trial(process.state.hours, process.state.uses + 1)
        process.set_deadline("unused", after=timedelta(hours=process.state.hours))

    async def on_deadline_unused(self, process: Process[Trial]) -> None:
        self._seen.meets("unused")
        if process.state is not None:
            process.send(LapseTrial(process.key, process.state.uses))
        process.complete()


class GreetNewcomers(Reactor):
    name = "greet_newcomers"

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    async def on_begun(self, event: TrialBegun, reaction: Reaction) -> None:
        self._seen.meets(event)
        reaction.send(Greet(event.user))


class TrialProvider(Provider):
    scope = Scope.REQUEST

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    @provide
    def seen(self) -> Seen:
        return self._seen


def trials(
    url: str,
    seen: Seen | None = None,
    *,
    processes: Sequence[type[Reactor]] = (LapseTrials,),
    projections: Sequence[type[Projection]] = (),
) -> Application:
    return application(
        Publish.handled_by(PublishInteractor),
        LapseTrial.handled_by(LapseTrialInteractor),
        Greet.handled_by(GreetInteractor),
        database=url,
        processes=processes,
        projections=projections,
        providers=[TrialProvider(seen or Seen())],
        events=[TrialBegun, TrialUsed, TrialLapsed, Greeted],
    )


async def publish(app: Application, *events: object, metadata: Metadata | None = None) -> None:
    await app.execute(Publish(events), metadata=metadata)


async def results(app: Application) -> list[object]:
    """What commands of processes have recorded, in the log's order."""
    page = await app.database.store.read_all()
    return [app.codec.decode_all(each)[0] for each in page.events if each.stream.startswith("trial_results-")]
