"""Which statements an application may send, and where one of several ends."""

from collections.abc import Iterator
from typing import Final

from duolog.errors import StatementError
from duolog.tables.sql_tokens import Kind, sql_tokens

# They change the transaction or the session, which belong to duolog, or cannot run inside a transaction.
_OURS: Final = frozenset(
    (
        *("ABORT", "BEGIN", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMIT", "COPY", "DEALLOCATE", "DECLARE", "DISCARD"),
        *("END", "EXECUTE", "FETCH", "LISTEN", "LOAD", "MOVE", "NOTIFY", "PREPARE", "RELEASE", "RESET", "ROLLBACK"),
        *("SAVEPOINT", "SET", "START", "UNLISTEN", "VACUUM"),
    )
)


def check_allowed(sql: str) -> None:
    """Refuse statements that would change the transaction or the session, which belong to duolog.

    Raises:
        StatementError: it is one of them.
    """
    for kind, text in sql_tokens(sql):
        if kind is Kind.WORD and text.upper() in _OURS:
            message = f"{text.upper()} is not allowed here"
            hint = "duolog begins and ends transactions and owns the session's settings."
            raise StatementError(message, hint=hint)
        if kind not in {Kind.BLANK, Kind.END}:
            return


def single_statements(script: str) -> Iterator[str]:
    """Split a script into its statements; texts, comments and the bodies of functions may contain semicolons."""
    statement: list[str] = []
    is_empty, depth, before = True, 0, ""
    for kind, text in sql_tokens(script):
        if kind is Kind.END and depth == 0:
            if not is_empty:
                yield "".join(statement).strip()
            statement, is_empty, before = [], True, ""
            continue
        statement.append(text)
        if kind is Kind.WORD:
            depth += _nesting(text.upper(), before, depth)
            before = text.upper()
        is_empty = is_empty and kind is Kind.BLANK
    if not is_empty:
        yield "".join(statement).strip()


def _nesting(word: str, before: str, depth: int) -> int:
    """Return by how much a word changes the depth in a function's body: BEGIN ATOMIC ... CASE ... END ... END."""
    if depth == 0:
        return 1 if (before, word) == ("BEGIN", "ATOMIC") else 0
    return {"CASE": 1, "END": -1}.get(word, 0)
