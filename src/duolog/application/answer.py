"""What a query gives back beside its result."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from duolog.dispatch.context import MessageContext
from duolog.read.caching.entry import ViewsRead

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Answer(Generic[R]):
    """A query's result, and what its views had come to.

    Attributes:
        result: what the query service returned.
        views: of the snapshot that it was read from; None where nobody looked: at queries that are not cached.
    """

    result: R
    views: ViewsRead | None = None

    @property
    def tag(self) -> str:
        """Stands for the question and the state of its views, where it is cached: the same tag, the same result."""
        return "" if self.views is None else self.views.tag


def make_answer(result: R, context: MessageContext) -> Answer[R]:
    """Make a query's answer from what its pipeline noted."""
    return Answer(result, context.find(ViewsRead))
