"""The values that every case stores, duolog's and the peers'."""

from datetime import UTC, datetime
from typing import Final

NAME: Final = "Ada Lovelace"
EMAIL: Final = "ada.lovelace@example.org"
ROLE: Final = "administrator"
OPENED_AT: Final = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
