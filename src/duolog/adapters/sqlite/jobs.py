"""Jobs: units whose callers wait, run in one transaction, each with its own result or error."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from duolog.adapters._sql.errors import DRIVER_ERRORS
from duolog.adapters.sqlite.insertions import Insertion, insert_together, runs
from duolog.adapters.sqlite.units import TransactionLostError, Unit, reported, retold, run_in_savepoint


@dataclass(slots=True, eq=False)
class Job:
    """A unit that waits for its outcome.

    Attributes:
        unit: what is to be done.
        future: who waits for it, on the loop.
        result: its result, where it succeeded.
        error: its error, where it failed.
        is_decided: whether one of the two is final.
    """

    unit: Unit[Any]
    future: asyncio.Future[Any]
    result: object = None
    error: Exception | None = None
    is_decided: bool = False


def attempt(connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    """Run jobs in the open transaction, in order; nothing remains of one that fails.

    Raises:
        TransactionLostError: SQLite rolled everything back.
    """
    for are_insertions, neighbours in groupby(jobs, _is_insertion):
        for run in runs(tuple(neighbours)):
            if not (are_insertions and len(run) > 1 and _attempt_together(connection, run)):
                for job in run:
                    _attempt_alone(connection, job)


def fail(jobs: Sequence[Job], error: Exception) -> None:
    """Let jobs fail for good, each with an error of its own."""
    cause = error.__cause__ if isinstance(error, TransactionLostError) else None
    first = cause if isinstance(cause, Exception) else reported(error)
    for job in jobs:
        job.error = first if len(jobs) == 1 else retold(first)
        job.is_decided = True


def _is_insertion(job: Job) -> bool:
    return job.unit.insertion is not None


def _attempt_together(connection: sqlite3.Connection, jobs: Sequence[Job]) -> bool:
    """Insert the events of all jobs at once; if that is not possible, do nothing: alone, each gets its own outcome."""
    insertions: list[Insertion] = [job.unit.insertion for job in jobs if job.unit.insertion is not None]
    try:
        outcomes = insert_together(connection, insertions)
    except DRIVER_ERRORS as error:
        if not connection.in_transaction:
            raise TransactionLostError from reported(error)
        return False
    if outcomes is None:
        return False
    for job, outcome in zip(jobs, outcomes, strict=True):
        job.result, job.error = outcome, None
    return True


def _attempt_alone(connection: sqlite3.Connection, job: Job) -> None:
    job.result, job.error = None, None
    try:
        job.result = run_in_savepoint(connection, job.unit)
    except TransactionLostError:
        raise
    except Exception as error:  # noqa: BLE001 - it is this unit's, and reaches its waiter
        job.error = reported(error)
