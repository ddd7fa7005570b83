"""One protection taken out."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = "src/duolog"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change that breaks a promise.

    Attributes:
        name: what is taken out, in a few words; unique.
        promise: the promise of the design that it breaks, like ``P3``, or in words.
        file: below the folder.
        original: text that stands in the file exactly once.
        replacement: what stands there instead.
        tests: pytest's node ids of the tests of which at least one must fail.
        folder: from the repository's root; the library's, or an example's.
    """

    name: str
    promise: str
    file: str
    original: str
    replacement: str
    tests: tuple[str, ...]
    folder: str = LIBRARY

    def apply(self, root: Path) -> None:
        """Change the file below a copy of the repository's root.

        Raises:
            ValueError: the original text does not stand in it exactly once.
        """
        path = root / self.folder / self.file
        path.write_text(self.applied_to(path.read_text(encoding="utf-8")), encoding="utf-8")

    def applied_to(self, text: str) -> str:
        """Return a file's text with the change.

        Raises:
            ValueError: the original text does not stand in it exactly once.
        """
        count = text.count(self.original)
        if count != 1:
            message = f"mutant {self.name!r}: its text stands {count} times in {self.file}; bring it up to date"
            raise ValueError(message)
        return text.replace(self.original, self.replacement)
