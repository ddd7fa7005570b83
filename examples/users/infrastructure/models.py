"""The tables of the write model `tables`: the present state of every user, beside the events in the log."""

from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from duolog import Constraint
from duolog.adapters.sqlalchemy import StreamVersioned


class Model(DeclarativeBase):
    """Base of the mapped classes; `alembic` compares their tables with the database's."""


class UserModel(StreamVersioned, Model):
    """A user's row, of the version of the user's stream: whoever changes an older one is in conflict."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email", name="users_email_key"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


EMAIL_IS_UNIQUE: Final = Constraint("users", ("email",), name="users_email_key")
