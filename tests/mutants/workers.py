"""Mutants that the experiments with worker processes must notice: leases, clocks and the link to the server."""

from typing import Final

from tests.mutants.mutant import Mutant

_FOLDER: Final = "tests/faults/workers"
_ZOMBIES: Final = f"{_FOLDER}/test_zombies.py::test_what_a_worker_writes_past_its_lease_is_refused"
_CLOCKS: Final = f"{_FOLDER}/test_wrong_clocks.py::test_wrong_clocks_change_nothing"
_LINKS: Final = f"{_FOLDER}/test_link_down.py::test_a_link_that_is_down_hangs_nobody"
_APP_CLOCK: Final = '.replace("clock_timestamp()", f"to_timestamp({__import__(\'time\').time()})")'

WORKER_MUTANTS: Final = (
    Mutant(
        "E13: move a checkpoint whatever its token, on PostgreSQL",
        "P12",
        "adapters/postgres/sql/move_checkpoint.sql",
        " AND token <= $6\n    AND NOT EXISTS (\n"
        "        SELECT 1 FROM {schema}.leases WHERE subscription = $1 AND generation = $2 AND lo = $3 AND token > $6\n"
        "    )",
        " AND $6::bigint IS NOT NULL",
        (f"{_ZOMBIES}[postgres-writes]",),
    ),
    Mutant(
        "E13: move a checkpoint whatever its token, on SQLite",
        "P12",
        "adapters/sqlite/sql/move_checkpoint.sql",
        " AND token <= :token\n    AND NOT EXISTS (\n        SELECT 1 FROM duolog_leases\n"
        "        WHERE subscription = :subscription AND generation = :generation AND lo = :lo"
        " AND token > :token\n    )",
        "",
        (f"{_ZOMBIES}[sqlite-writes]",),
    ),
    Mutant(
        "E13: wait for the checkpoint of an owner that stands still",
        "P12",
        "adapters/postgres/sql/acquire_lease.sql",
        "    FOR UPDATE SKIP LOCKED\n",
        "    FOR UPDATE\n",
        (f"{_ZOMBIES}[postgres-reads]",),
    ),
    Mutant(
        "E13: wait for an owner that stands still while it sends",
        "P12",
        "adapters/postgres/leases.py",
        '            await self._connections.fetch(load_sql("end_stopped_owner", self._schema), *share.key)\n',
        "",
        ("tests/integration/postgres/test_stopped_owners.py",),
    ),
    Mutant(
        "E13: give leases out by the application's clock",
        "P13",
        "adapters/postgres/leases.py",
        '        sql = load_sql("acquire_lease", self._schema)\n',
        f'        sql = load_sql("acquire_lease", self._schema){_APP_CLOCK}\n',
        (_CLOCKS,),
    ),
    Mutant(
        "E13: tell what is due by the application's clock",
        "P13",
        "adapters/postgres/scheduled_commands.py",
        "from duolog.adapters.postgres.sql_files import load_sql\n",
        "from duolog.adapters.postgres import sql_files\n\n\n"
        "def load_sql(name: str, schema: str) -> str:\n"
        "    sql = sql_files.load_sql(name, schema)\n"
        f"    return sql if name == 'schedule_command' else sql{_APP_CLOCK}\n\n\n",
        (_CLOCKS,),
    ),
    Mutant(
        "E14: wait for an answer without end",
        "P12",
        "adapters/postgres/connecting.py",
        "            command_timeout=(patience + location.answer_timeout) / _MILLISECONDS if patience else None,\n",
        "",
        (f"{_LINKS}[never answered]",),
    ),
    Mutant(
        "E14: let the kernel send what nobody acknowledges without end",
        "P12",
        "adapters/postgres/connecting.py",
        "    _keep_alive(connection, location.answer_timeout)\n",
        "",
        (f"{_LINKS}[packets lost]",),
    ),
)
