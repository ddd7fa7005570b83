"""Sending many statements of an application in few round trips, in their order.

The driver sends one text with many rows of values at once, but has no pipeline for different texts, as handlers of
different events make them. Those go to a function of the database, which runs them one after another.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import DRIVER_ERRORS
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.values import TEXT_KINDS, text_value
from duolog.tables.sql_tokens import Kind, sql_tokens
from duolog.tables.statements import Parameters

WORTH_A_TRIP: Final = 16
"""So many rows in a row for one text are sent by themselves: the server plans them once."""

MOST_AT_ONCE: Final = 500

Buffered = tuple[str, Parameters]
_encoder: Final = msgspec.json.Encoder()


async def run_in_order(
    statements: Statements, connection: Connection, schema: str, buffered: Sequence[Buffered]
) -> None:
    """Run writing statements in the open transaction, each after the one before; errors as `Statements.run`."""
    for part in _parts(buffered):
        is_alike = all(sql == part[0][0] for sql, _ in part)
        if is_alike or not await _run_mixed(statements, connection, schema, part):
            for sql, run in groupby(part, key=itemgetter(0)):
                await statements.execute_many(connection, sql, [values for _, values in run])


def _parts(buffered: Sequence[Buffered]) -> Iterator[list[Buffered]]:
    """Split into long runs of one text, and what stands between them."""
    mixed: list[Buffered] = []
    for _, alike in groupby(buffered, key=itemgetter(0)):
        run = list(alike)
        if len(run) >= WORTH_A_TRIP:
            if mixed:
                yield mixed
            yield run
            mixed = []
        else:
            mixed.extend(run)
            if len(mixed) >= MOST_AT_ONCE:
                yield mixed
                mixed = []
    if mixed:
        yield mixed


async def _run_mixed(statements: Statements, connection: Connection, schema: str, part: Sequence[Buffered]) -> bool:
    """Run statements of different texts in one round trip; False, and nothing done, if a value has no text form."""
    numbers: dict[str, int] = {}
    texts: list[str] = []
    rows: list[list[str | None]] = []
    for sql, parameters in part:
        bound = await statements.bind(connection, sql, parameters)
        if not TEXT_KINDS.issuperset(bound.places):
            return False
        if sql not in numbers:
            numbers[sql] = len(numbers) + 1
            texts.append(_with_texts(sql, bound.places))
        rows.append([text_value(value) for value in bound.values])
    try:
        await connection.execute(
            load_sql("run_statements", schema), texts, [numbers[sql] for sql, _ in part], _encoder.encode(rows).decode()
        )
    except DRIVER_ERRORS as error:
        raise await statements.failure(connection, numbers, error) from None
    return True


@lru_cache(maxsize=1_024)
def _with_texts(sql: str, places: tuple[str, ...]) -> str:
    """Put ``CAST(($1)[n] AS type)`` in the places of a statement's parameters, with types that the server named."""
    numbers: dict[str, int] = {}
    pieces: list[str] = []
    for kind, text in sql_tokens(sql):
        if kind is Kind.PARAMETER:
            number = numbers.setdefault(text[1:], len(numbers) + 1)
            pieces.append(f"CAST(($1)[{number}] AS pg_catalog.{places[number - 1]})")
        else:
            pieces.append(text)
    return "".join(pieces)
