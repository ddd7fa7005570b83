"""SQLAlchemy's types as duolog stores them on PostgreSQL, where the driver would be more lenient."""

from datetime import datetime
from typing import Any

from sqlalchemy import types
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgDateTime
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import Dialect

from duolog.errors import StatementError


class NaiveTimeError(ValueError):
    """A time without a zone is to be stored where moments are."""


class AwareTime(AsyncpgDateTime):
    """Times; those with a zone are moments and must be aware, as on every other database."""

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive times in a column of moments."""
        return _aware if self.timezone else None


class TextJson(JSON):
    """JSON, whose text the driver gives as it is; SQLAlchemy 2.0 takes it for decoded."""

    result_processor = types.JSON.result_processor


class TextJsonb(JSONB):
    """As `TextJson`."""

    result_processor = types.JSON.result_processor


def explained(context: ExceptionContext) -> StatementError | None:
    """Return duolog's error for a refused value; None for anything else."""
    if not isinstance(context.original_exception, NaiveTimeError):
        return None
    message = "a parameter is a datetime without a time zone"
    return StatementError(message, hint="Make it aware, like datetime.now(UTC).")


def _aware(value: datetime | None) -> datetime | None:
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise NaiveTimeError
    return value
