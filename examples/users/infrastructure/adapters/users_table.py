"""The table of the write model `tables`: the present state of every user, beside the events in the log."""

from typing import Final

from duolog import Constraint

USERS_TABLE: Final = """
CREATE TABLE users (
    id            UUID    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    is_active     BOOLEAN NOT NULL,
    version       BIGINT  NOT NULL,
    CONSTRAINT users_email_key UNIQUE (email)
)
"""

EMAIL_IS_UNIQUE: Final = Constraint("users", ("email",), name="users_email_key")
