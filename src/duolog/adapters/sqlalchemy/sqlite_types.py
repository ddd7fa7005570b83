"""SQLAlchemy's types as duolog stores them on SQLite, so that its own SQL and SQLAlchemy read the same rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import types
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.engine.interfaces import Dialect


class UuidText(types.Uuid[Any]):
    """UUIDs as text with hyphens, where SQLAlchemy would leave the hyphens out."""

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Leave the value as it is: duolog stores it."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - as above
        """Make UUIDs of the text where they are wanted."""
        return _uuid if self.as_uuid else None


class TimeText(DATETIME):
    """Times as ISO text: aware ones in UTC, as duolog stores them, naive ones as SQLAlchemy does."""

    def bind_processor(self, dialect: Dialect) -> Any:
        """Leave an aware time as it is: duolog stores it, and refuses a naive one."""
        return None if self.timezone else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - as above
        """Make times of the text."""
        return _time


class DecimalText(types.Numeric[Any]):
    """Decimals as text, digit by digit, where SQLAlchemy would store a binary fraction."""

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - as above
        """Leave the value as it is: duolog stores it."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - as above
        """Make decimals, or binary fractions where those are wanted.

        A column whose type makes SQLite store a number gets the digits of its scale back.
        """
        if not self.asdecimal:
            return _fraction
        scale = self.scale

        def decimal(value: Any) -> Decimal | None:
            if isinstance(value, float) and scale is not None:
                return Decimal(f"{value:.{scale}f}")
            return None if value is None else Decimal(str(value))

        return decimal


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _fraction(value: Any) -> float | None:
    return None if value is None else float(value)
