"""What type checkers must refuse. A line that is accepted makes its ignore comment unused, and that is an error."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from duolog import Application, Command, Query, ReadDatabase, StreamQuery, ViewDatabase, bind_command


@dataclass(frozen=True, slots=True)
class RenameCommand(Command[int]):
    """A command that gives an int."""

    name: str


@dataclass(frozen=True, slots=True)
class NameQuery(Query[str]):
    """A query that gives a str."""


@dataclass(frozen=True, slots=True)
class NamesQuery(StreamQuery[str]):
    """A query that streams str."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain dataclass."""


class WrongResult:
    """Gives a str where an int is due."""

    async def execute(self, cmd: RenameCommand) -> str:
        """Rename."""
        return cmd.name


class WrongMessage:
    """Takes another message."""

    async def execute(self, cmd: NameQuery) -> int:
        """Rename."""
        return len(repr(cmd))


class NotAsync:
    """Is synchronous."""

    def execute(self, cmd: RenameCommand) -> int:
        """Rename."""
        return len(cmd.name)


class NoExecute:
    """Has no execute."""


class AwaitedStream:
    """Returns a list instead of streaming."""

    async def execute(self, query: NamesQuery) -> list[str]:
        """List."""
        return [repr(query)]


class WrongItem:
    """Streams int where str is due."""

    async def execute(self, query: NamesQuery) -> AsyncIterator[int]:
        """Stream."""
        yield len(repr(query))


class Unversioned:
    """Is no read model."""


class NameQueryService:
    """Fits."""

    async def execute(self, query: NameQuery) -> str:
        """Answer."""
        return repr(query)


RenameCommand.handled_by(WrongResult)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RenameCommand.handled_by(WrongMessage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RenameCommand.handled_by(NotAsync)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RenameCommand.handled_by(NoExecute)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
NameQuery.handled_by(WrongMessage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
NamesQuery.handled_by(AwaitedStream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
NamesQuery.handled_by(WrongItem)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
NameQuery.handled_by(NameQueryService, reads=[Unversioned])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
bind_command(Plain, WrongMessage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

app = Application("refused", database="memory://", handlers=[])


async def refused() -> None:
    """A query cannot be executed, a command cannot be queried, and results are not interchangeable."""
    await app.execute(NameQuery())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await app.query(RenameCommand("x"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.stream(NameQuery())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text: str = await app.execute(RenameCommand("x"))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    number: int = await app.query(NameQuery())  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    await app.execute(Plain())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await app.query(NameQuery(), after="7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    raise AssertionError(text, number, UUID(int=0))


async def gateway_that_writes(db: ReadDatabase, view: ViewDatabase) -> None:
    """Only a projection's database writes; a gateway's cannot."""
    await db.execute("DELETE FROM users_view")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    await view.execute("DELETE FROM users_view")
