"""An answer as it is kept, with what its views had come to in the snapshot that it was read from."""

from dataclasses import dataclass, field

from duolog.tables.view_changes import ViewVersion


class ViewsWanted:
    """The note by which a caller asks what the views had come to that its answer is read from (`ViewsRead`)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ViewsRead:
    """What views had come to in the snapshot that an answer was read from; left as a note for whoever asked.

    Attributes:
        versions: of each view that the query reads, in the order of its ``reads``.
        position: every one of them had applied what it wants of the log up to there, at least.
        tag: stands for the question and these versions, where the answer is cached; else empty.
    """

    versions: tuple[ViewVersion, ...]
    position: int
    tag: str = ""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What a level keeps under a key.

    Attributes:
        views: what the views had come to, as the answer's own snapshot showed it; never what they came to later.
        data: the encoded answer.
        answer: the answer itself, where nobody can change it in place; else None, and each caller gets its own.
    """

    views: ViewsRead
    data: bytes = field(repr=False)
    answer: object = field(default=None, repr=False, compare=False)

    def is_older_than(self, other: "CacheEntry") -> bool:
        """Tell whether the views went on before ``other`` was read.

        Both were read in snapshots of one database, so that one is not older in one view and newer in another.
        """
        return self.views.versions < other.views.versions
