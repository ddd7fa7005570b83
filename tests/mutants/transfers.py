"""Mutants that let a log be moved without being the same afterwards, or be written in two places."""

from typing import Final

from tests.mutants.mutant import Mutant

_PROMOTION: Final = "tests/unit/admin/test_promotion.py"
_FILES: Final = "tests/unit/cli/test_export_and_import.py"
_SQLITE: Final = "tests/contract/test_sqlite.py::TestTransfers"
_POSTGRES: Final = "tests/contract/test_postgres.py::TestTransfers"

TRANSFER_MUTANTS: Final = (
    Mutant(
        "promote without comparing both sides",
        "a promoted log is the same log",
        "admin/promotion.py",
        "            if (self._digest.count, self._digest.hex) != (self._arrived.count, self._arrived.hex):\n",
        "            if self._digest.count != self._arrived.count:\n",
        (f"{_PROMOTION}::test_an_event_that_arrived_otherwise_is_found",),
    ),
    Mutant(
        "compare payloads only",
        "a promoted log is the same log",
        "admin/event_lines.py",
        "        recorded_at=event.recorded_at,\n",
        "",
        (f"{_PROMOTION}::test_an_event_that_arrived_otherwise_is_found",),
    ),
    Mutant(
        "close the source without stopping who writes",
        "nothing is appended behind a promotion",
        "admin/promotion.py",
        "        await self._verify(await self._copy(at))\n",
        "        await self._verify(at)\n",
        (f"{_PROMOTION}::test_what_is_appended_meanwhile_is_moved_too",),
    ),
    Mutant(
        "leave the source open",
        "a log is written in one place",
        "admin/promotion.py",
        "        await writers.mark_moved(target.url)\n",
        "",
        (f"{_PROMOTION}::test_the_source_can_only_be_read_then",),
    ),
    Mutant(
        "close a log for those only who open it anew",
        "a log is written in one place",
        "adapters/sqlite/transfer.py",
        "    for statement in _CLOSE:\n        connection.execute(statement)\n",
        "",
        (f"{_SQLITE}::test_a_log_that_was_moved_is_only_read", f"{_SQLITE}::test_a_log_on_its_way_in_is_closed"),
    ),
    Mutant(
        "open a log that is not complete",
        "a log on its way in is not used",
        "adapters/sqlite/opened.py",
        "            if not self._for_transfer:\n",
        "            if self._for_transfer:\n",
        (f"{_SQLITE}::test_a_log_on_its_way_in_is_closed",),
    ),
    Mutant(
        "take views for complete that are empty",
        "views are built anew after a promotion",
        "admin/moved_tables.py",
        "    if doubtful:\n",
        "    if not doubtful and wanted == doubtful:\n",
        (f"{_PROMOTION}::test_a_view_that_is_there_before_its_log_is_refused",),
    ),
    Mutant(
        "take rows for moved by their number",
        "moved rows are compared",
        "admin/moved_tables.py",
        "        if sent != received:\n",
        "        if sent[0] != received[0]:\n",
        (f"{_PROMOTION}::test_tables_that_cannot_go_along_are_refused",),
    ),
    Mutant(
        "restore a backup whose end is missing",
        "a backup that was cut off is refused",
        "admin/log_import.py",
        "        if self._header is not None and (end is None or next(lines, None) is not None):\n",
        "        if self._header is not None and end is not None and next(lines, None) is not None:\n",
        (f"{_FILES}::test_a_backup_that_is_not_whole_is_refused",),
    ),
    Mutant(
        "restore a backup whose hash does not fit",
        "a backup that was changed is refused",
        "admin/log_import.py",
        "(end.events, end.sha256) != (self._digest.count, self._digest.hex)",
        "end.events != self._digest.count",
        (f"{_FILES}::test_a_backup_that_is_not_whole_is_refused",),
    ),
    Mutant(
        "import payloads without looking at them",
        "P15",
        "admin/imported_lines.py",
        "    check_text(text)\n",
        "",
        (f"{_FILES}::test_a_line_that_breaks_a_rule_is_named_and_nothing_is_kept",),
    ),
    Mutant(
        "keep what a refused import has brought",
        "a refused import leaves nothing",
        "admin/log_import.py",
        "        await shielded(transfer.abandon())\n",
        "        await transfer.finish()\n",
        (f"{_FILES}::test_a_line_that_breaks_a_rule_is_named_and_nothing_is_kept",),
    ),
    Mutant(
        "go through the gate while it is shut",
        "nothing is appended behind a promotion",
        "adapters/postgres/migrations/0007_transfer.sql",
        "    PERFORM pg_advisory_xact_lock_shared(1685417838, hashtext('{schema}'));\n",
        "",
        (f"{_POSTGRES}::test_writers_are_stopped_and_go_on",),
    ),
    Mutant(
        "begin below what was received",
        "a received log goes on above its last position",
        "adapters/postgres/sql/settle_received.sql",
        "SELECT setval('{schema}.positions', $1::bigint)",
        "SELECT $1::bigint",
        (f"{_POSTGRES}::test_a_log_that_was_received_goes_on",),
    ),
    Mutant(
        "name a restored log as the one that it was",
        "tokens of a log that lost events are refused",
        "adapters/postgres/log_identity.py",
        '    if row["received_in"] == incarnation:\n',
        '    if row["received_in"]:\n',
        ("tests/integration/postgres/test_transfers.py::test_a_received_name_is_kept_by_the_server_that_received_it",),
    ),
)
