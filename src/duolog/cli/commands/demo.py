"""`duolog demo`: serves the users example, filled with users on its first start."""

from typing import Final

from duolog.cli.examples import examples

EXAMPLES: Final = examples(
    ("duolog demo", "serve it on http://127.0.0.1:8000, its data in .demo"),
)


def demo() -> None:
    """Serve."""
