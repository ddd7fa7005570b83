"""Optimistic version columns for mapped classes."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class Versioned:
    """Mix-in of a mapped class whose rows count their changes in a column ``version``, from 1.

    A flush changes or deletes a row only if it still has the version that was read; otherwise it is a conflict, and the
    command is run again.
    """

    version: Mapped[int] = mapped_column(BigInteger, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy calls it with the class
        """Return what makes the mapper guard and count the version."""
        return {"version_id_col": cls.version}


class StreamVersioned:
    """As `Versioned`, but the repository sets ``version``: to that of the stream that the entity's events go to."""

    version: Mapped[int] = mapped_column(BigInteger, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - as above
        """Return what makes the mapper guard the version, and leave it to whoever sets it."""
        return {"version_id_col": cls.version, "version_id_generator": False}
