"""Accounts that declare snapshots: their state has every field, as the peer's has."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from benchmarks.workloads.accounts import AccountOpened, AccountRenamed
from benchmarks.workloads.payload import OPENED_AT
from duolog import Aggregate, SnapshotPolicy, snapshot


@snapshot("bench.account_state", version=1)
@dataclass(frozen=True, slots=True)
class AccountState:
    name: str
    email: str
    role: str
    opened_at: datetime


class CachedAccount(Aggregate[UUID]):
    category = "cached_account"
    snapshots = SnapshotPolicy(AccountState, every=100)
    name = ""
    email = ""
    role = ""
    opened_at = OPENED_AT

    def rename(self, name: str) -> None:
        self.raise_event(AccountRenamed(self.id, name))

    def on_opened(self, event: AccountOpened) -> None:
        self.name, self.email, self.role, self.opened_at = event.name, event.email, event.role, event.opened_at

    def on_renamed(self, event: AccountRenamed) -> None:
        self.name = event.name

    def to_snapshot(self) -> AccountState:
        return AccountState(self.name, self.email, self.role, self.opened_at)

    def restore_snapshot(self, state: AccountState) -> None:
        self.name, self.email, self.role, self.opened_at = state.name, state.email, state.role, state.opened_at
