"""Mutants of scheduled commands and process managers."""

from typing import Final

from tests.mutants.mutant import Mutant

_KILLED: Final = "tests/faults/test_killed_reactors.py"
_PAGES: Final = "process_managers/page_processor.py"
_DUE: Final = "scheduling/due_commands.py"

PROCESS_MUTANTS: Final = (
    Mutant(
        "E6: execute a due command without its idempotency key",
        "P9",
        "application/followers.py",
        "IdempotencyKey(str(scheduled))",
        "IdempotencyKey(f\"{scheduled}-{__import__('time').time_ns()}\")",
        (_KILLED,),
    ),
    Mutant(
        "E6: forget a due command before it is executed",
        "P8",
        _DUE,
        "            await self._execute(command, metadata_of(scheduled), scheduled.id)\n",
        "            await self._schedule.remove_executed([scheduled])\n"
        "            await self._execute(command, metadata_of(scheduled), scheduled.id)\n",
        (_KILLED,),
    ),
    Mutant(
        "E6: commit a page's commands in a transaction of their own",
        "P6",
        _PAGES,
        "            await session.commit(move, parked, unparked=unparked)\n        finally:\n"
        "            await shielded(session.close())\n        if work",
        "            await session.commit(replace(move, new=move.old))\n"
        "            session = ports.open_session(self._reactor)\n"
        "            await session.commit(move, parked, unparked=unparked)\n        finally:\n"
        "            await shielded(session.close())\n        if work",
        (_KILLED,),
    ),
    Mutant(
        "schedule although the unit of work is rolled back",
        "P8",
        "write/command_scheduler.py",
        "        self._unit.stage_aside(self._schedule.adding(new))\n",
        "        work = __import__('duolog.write.sealed_work', fromlist=['SealedWork']).SealedWork\n"
        "        await self._unit._committer.commit(work(statements=(self._schedule.adding(new),)))\n",
        ("tests/unit/scheduling/test_scheduling.py::test_what_is_rolled_back_schedules_nothing",),
    ),
    Mutant(
        "sweep the key of a command that is still scheduled",
        "P9",
        "adapters/sqlite/sql/sweep_idempotency_keys.sql",
        "        AND NOT EXISTS (SELECT 1 FROM duolog_scheduled_commands WHERE id = duolog_idempotency.key)\n",
        "",
        ("tests/contract/test_sqlite.py::TestScheduling",),
    ),
    Mutant(
        "store a process without comparing what it was",
        "P6",
        "adapters/_sql/sql/update_process.sql",
        " AND stamp = :before",
        " AND :before <> ''",
        ("tests/unit/process_managers/test_process_races.py",),
    ),
)
