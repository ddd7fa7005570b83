"""Pages: what query services answer when there may be more than anybody wants at once."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

# Without slots: on Python 3.11 a frozen, slotted generic dataclass cannot be made as `PaginatedResult[UserDTO](...)`.


@dataclass(frozen=True)
class PaginatedResult(Generic[T]):
    """A page that was cut out by limit and offset.

    ``has_next`` and ``has_prev`` are fields, computed when the page is made, so that every JSON encoder shows them.

    Attributes:
        items: the items of this page.
        total: how many items there are on all pages.
        limit: at most so many items stand on a page.
        offset: how many items come before this page.
        has_next: whether there are items after it.
        has_prev: whether there are items before it.
    """

    items: list[T]
    total: int
    limit: int
    offset: int
    has_next: bool = field(init=False, default=False)
    has_prev: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Compute what follows from the other fields."""
        object.__setattr__(self, "has_next", self.offset + len(self.items) < self.total)
        object.__setattr__(self, "has_prev", self.offset > 0)


@dataclass(frozen=True)
class OffsetPage(Generic[T]):
    """A page that was cut out by limit and offset without counting what there is.

    Attributes:
        items: the items of this page.
        limit: at most so many items stand on a page.
        offset: how many items come before this page.
        has_next: whether there are items after it; exact, as one item more was looked for.
        estimated_total: about how many items there are on all pages, exactly on the last one; None if nobody asked, or
            the database knows nothing to estimate from.
        has_prev: whether there are items before it.
    """

    items: list[T]
    limit: int
    offset: int
    has_next: bool
    estimated_total: int | None = None
    has_prev: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Compute what follows from the other fields."""
        object.__setattr__(self, "has_prev", self.offset > 0)


@dataclass(frozen=True)
class CursorPage(Generic[T]):
    """A page of a walk by keys: rows that come or go elsewhere neither repeat nor hide an item.

    Attributes:
        items: the items of this page.
        limit: at most so many items stand on a page.
        next_cursor: opaque; asks for the page after this one. None at the end.
        prev_cursor: opaque; asks for the page before this one. None at the beginning.
    """

    items: list[T]
    limit: int
    next_cursor: str | None = None
    prev_cursor: str | None = None
