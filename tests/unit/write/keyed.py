"""Commands for the tests of idempotency keys: each of another result type, all counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID, uuid4

from dishka import Provider, Scope, provide

from duolog import (
    Application,
    Authorizer,
    Command,
    Metadata,
    NotAuthorizedError,
    Settings,
    TransactionManager,
    UnitOfWork,
    bind_command,
    command,
    event,
)
from duolog.dispatch.pipeline import Placed
from duolog.testing import application

JarId = NewType("JarId", UUID)


@event("jar.opened")
@dataclass(frozen=True, slots=True)
class JarOpened:
    jar_id: UUID
    label: str


@command("jar.open")
@dataclass(frozen=True, slots=True)
class OpenJar(Command[JarId]):
    label: str
    password: str = field(default="", repr=False)
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Weighed:
    jar: JarId | None
    grams: Decimal
    at: datetime
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WeighJar(Command[Weighed]):
    grams: Decimal


@dataclass(frozen=True, slots=True)
class ShakeJar(Command[None]):
    """Changes nothing, and returns nothing."""


class Lid:
    """Nothing that could be stored."""


@dataclass(frozen=True, slots=True)
class TakeLid(Command[Lid]):
    pass


@dataclass(frozen=True, slots=True)
class CountJars:
    """A plain dataclass: its result type is that of the interactor's ``execute``."""

    above: int = 0


class BrokenJarError(Exception):
    """The domain refuses."""


@dataclass
class Shop:
    """What happened, and what is to happen.

    Attributes:
        opened: how often a jar was opened, committed or not.
        runs: how often any interactor ran.
        breaks: opening raises.
    """

    opened: int = 0
    runs: int = 0
    breaks: bool = False


class Interactor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager, shop: Shop) -> None:
        self.unit = unit
        self.tx = tx
        self.shop = shop
        shop.runs += 1


class OpenJarInteractor(Interactor):
    async def execute(self, cmd: OpenJar) -> JarId:
        self.shop.opened += 1
        jar_id = JarId(uuid4())
        self.unit.stage(f"jar-{jar_id}", [JarOpened(jar_id, cmd.label)])
        await self.tx.commit()
        if self.shop.breaks:
            raise BrokenJarError
        return jar_id


class WeighJarInteractor(Interactor):
    async def execute(self, cmd: WeighJar) -> Weighed:
        return Weighed(JarId(uuid4()), cmd.grams, datetime.now(UTC), (1, 2))


class ShakeJarInteractor(Interactor):
    async def execute(self, cmd: ShakeJar) -> None: ...


class TakeLidInteractor(Interactor):
    async def execute(self, cmd: TakeLid) -> Lid:  # noqa: ARG002 - it has no fields
        return Lid()


class CountJarsInteractor(Interactor):
    async def execute(self, cmd: CountJars) -> int:
        return self.shop.runs + cmd.above


COUNT = bind_command(CountJars, CountJarsInteractor)


class ShopProvider(Provider):
    scope = Scope.APP

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self._shop = shop

    @provide
    def shop(self) -> Shop:
        return self._shop


class Guard:
    """An authorizer that may be told to refuse."""

    def __init__(self) -> None:
        self.refuses = False

    async def authorize(self, message: object, metadata: Metadata) -> None:  # noqa: ARG002 - the port's
        if self.refuses:
            message = "not today"
            raise NotAuthorizedError(message)


def jars(
    url: str,
    shop: Shop,
    *,
    settings: Settings | None = None,
    authorizer: Authorizer | None = None,
    middleware: Sequence[Placed] = (),
) -> Application:
    handlers: Sequence[Any] = (
        OpenJar.handled_by(OpenJarInteractor),
        WeighJar.handled_by(WeighJarInteractor),
        ShakeJar.handled_by(ShakeJarInteractor),
        TakeLid.handled_by(TakeLidInteractor),
        COUNT,
    )
    return application(
        *handlers,
        database=url,
        providers=[ShopProvider(shop)],
        settings=settings,
        authorizer=authorizer,
        middleware=middleware,
    )


async def recorded(app: Application) -> int:
    """How many jars the log has."""
    return len((await app.database.store.read_all()).events)
