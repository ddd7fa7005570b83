"""Given, when, then: what an aggregate or a decider decides, without a database in sight."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar, overload

from duolog.write.aggregate import Aggregate
from duolog.write.decider import C, Decider, E, S
from duolog.write.event_sourced import EventSourced

A = TypeVar("A", bound=Aggregate[Any])
R = TypeVar("R")


class _DecisionScenario(ABC, Generic[R]):
    """What an entity decided: either events or an error."""

    def __init__(self, entity: EventSourced[Any], history: Sequence[object]) -> None:
        self._entity = entity
        self._error: Exception | None = None
        for event in history:
            entity.apply_event(event)

    def then(self, *events: object) -> R:
        """Check that exactly these events were raised, and return the aggregate, or the decider's state.

        Raises:
            AssertionError: other events, or an error.
        """
        if self._error is not None:
            raise AssertionError(f"expected {list(events)!r}, but it raised {self._error!r}") from self._error  # noqa: EM102, TRY003 - an assertion's message
        raised = list(self._entity.pending_events)
        if raised != list(events):
            message = f"expected {list(events)!r}, but it raised {raised!r}"
            raise AssertionError(message)
        return self._result()

    def then_nothing(self) -> R:
        """Check that nothing was raised, and return the aggregate, or the decider's state."""
        return self.then()

    def then_raises(self, error: type[Exception]) -> R:
        """Check that an error of this class was raised and no event; return the aggregate, or the decider's state.

        Raises:
            AssertionError: no such error, or events beside it.
        """
        if not isinstance(self._error, error):
            message = f"expected {error.__name__}, but got {self._error!r}"
            raise AssertionError(message) from self._error  # noqa: TRY004 - it is an assertion
        if len(self._entity.pending_events):
            message = f"expected no events beside {error.__name__}, but got {self._entity.pending_events!r}"
            raise AssertionError(message)
        return self._result()

    @abstractmethod
    def _result(self) -> R:
        """Return what the steps give back."""

    def _decide(self, decide: Callable[[], object]) -> None:
        try:
            decide()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next step checks it
            self._error = error


class AggregateScenario(_DecisionScenario[A]):
    """A decision of one aggregate, step by step.

    ```python
    given(User(user_id), UserRegistered(...)).when(lambda user: user.deactivate()).then(UserDeactivated())
    ```

    Args:
        aggregate: a new entity.
        history: what happened to it before.
    """

    def __init__(self, aggregate: A, history: Sequence[object]) -> None:
        super().__init__(aggregate, history)
        self._aggregate = aggregate

    def when(self, decide: Callable[[A], object]) -> Self:
        """Let the entity decide; what it raises is kept for `then_raises`."""
        self._decide(lambda: decide(self._aggregate))
        return self

    def _result(self) -> A:
        return self._aggregate


class DeciderScenario(_DecisionScenario[S], Generic[C, S, E]):
    """A decision of a decider, step by step.

    ```python
    given(CART, ItemAdded("book")).when(Empty()).then(Emptied())
    ```

    Args:
        decider: its functions.
        history: what happened before.
    """

    def __init__(self, decider: Decider[C, S, E], history: Sequence[E]) -> None:
        entity = decider("scenario")
        super().__init__(entity, history)
        self._decided = entity

    def when(self, command: C) -> Self:
        """Let it decide what a command does; what it raises is kept for `then_raises`."""
        self._decide(lambda: self._decided.decide(command))
        return self

    def _result(self) -> S:
        return self._decided.state


@overload
def given(subject: A, *history: object) -> AggregateScenario[A]: ...
@overload
def given(subject: Decider[C, S, E], *history: E) -> DeciderScenario[C, S, E]: ...
def given(
    subject: Aggregate[Any] | Decider[Any, Any, Any], *history: object
) -> AggregateScenario[Any] | DeciderScenario[Any, Any, Any]:
    """Begin a scenario: an aggregate, or the entity of a decider, to which ``history`` happened."""
    if isinstance(subject, Decider):
        return DeciderScenario(subject, history)
    return AggregateScenario(subject, history)
