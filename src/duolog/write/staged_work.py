"""What a unit of work has gathered so far."""

from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import AppendCondition
from duolog.tables.statements import Statement
from duolog.write.entity_states import UnitEntityStates
from duolog.write.idempotency import IdempotencyRecord
from duolog.write.sealed_work import SealedWork


class StagedWork:
    """Statements, appends and conditions in the order they were staged.

    Attributes:
        statements: on the application's tables.
        appends: events by stream.
        conditions: what must still hold at the commit.
    """

    __slots__ = ("appends", "conditions", "statements")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.appends: list[Append] = []
        self.conditions: list[AppendCondition] = []

    @property
    def changes_something(self) -> bool:
        """Whether anything would change; a condition alone would not."""
        return bool(self.statements or self.appends)

    def take_statements(self) -> list[Statement]:
        """Return the statements, and forget them."""
        taken, self.statements = self.statements, []
        return taken

    def clear(self) -> None:
        """Forget everything."""
        self.statements.clear()
        self.appends.clear()
        self.conditions.clear()

    def sealed(self, tenant: str, states: UnitEntityStates, idempotency: IdempotencyRecord | None) -> SealedWork:
        """Return it as the database gets it."""
        staged = tuple(self.statements), tuple(self.appends), tuple(self.conditions)
        return SealedWork(tenant, *staged, states.snapshots, idempotency)
