"""The table that the contract suites write to."""

from typing import Final

from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import Constraint, Statement

ACCOUNTS: Final = {
    "contract_accounts": """
        CREATE TABLE contract_accounts (
            id TEXT PRIMARY KEY,
            email TEXT NOT NULL,
            version INTEGER NOT NULL CONSTRAINT contract_accounts_positive CHECK (version > 0),
            CONSTRAINT contract_accounts_email UNIQUE (email)
        )
    """
}
EMAIL: Final = Constraint("contract_accounts", ("email",), "contract_accounts_email")


class EmailTakenError(Exception):
    """What an application declares for `EMAIL`."""


def insertion(account: str, email: str | None = None) -> Statement:
    """Insert an account; its e-mail is made from its id if none is given."""
    return Statement(
        "INSERT INTO contract_accounts (id, email, version) VALUES (:id, :email, 1)",
        {"id": account, "email": email or f"{account}@b.c"},
        errors={EMAIL: EmailTakenError},
    )


def change(account: str, *, version: int) -> Statement:
    """Raise the version of an account that must have ``version``."""
    return Statement(
        "UPDATE contract_accounts SET version = version + 1 WHERE id = :id AND version = :version",
        {"id": account, "version": version},
        rows=1,
        key=f"account {account}",
    )


async def accounts(reader: ReadDatabase) -> dict[str, int]:
    """Return all accounts' versions by id."""
    rows = await reader.fetch("SELECT id, version FROM contract_accounts ORDER BY id")
    return {row["id"]: row["version"] for row in rows}
