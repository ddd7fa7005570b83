"""Mutants that the fault experiments must notice: each experiment runs clean, and once for each of these."""

from typing import Final

from tests.mutants.mutant import Mutant

_FAULTS: Final = "tests/faults"
_KILLS: Final = f"{_FAULTS}/test_kills.py"
_POWER_CUTS: Final = f"{_FAULTS}/test_power_cuts.py"
_DISKS: Final = f"{_FAULTS}/test_failing_disks.py"
_PROJECTORS: Final = f"{_FAULTS}/test_killed_projectors.py"
_POISON: Final = f"{_FAULTS}/test_poison.py"
_CONTENTION: Final = f"{_FAULTS}/test_contention.py"
_CANCELLATION: Final = f"{_FAULTS}/test_cancellation.py"
_PAYLOADS: Final = f"{_FAULTS}/test_payloads.py"
_DECODERS: Final = f"{_FAULTS}/test_decoders.py"
_OPENAPI: Final = f"{_FAULTS}/test_openapi.py"

_ATTEMPTED: Final = "            attempt(connection, jobs)\n            commit(connection)\n"
_TOO_EARLY: Final = _ATTEMPTED.replace(
    "            commit", "            self._call(self._resolve, jobs)\n            commit"
)

_DURABLE: Final = (
    Mutant("E1: acknowledge before the commit", "P1", "adapters/sqlite/writer.py", _ATTEMPTED, _TOO_EARLY, (_KILLS,)),
    Mutant(
        "E2: synchronous NORMAL",
        "P1",
        "adapters/sqlite/location.py",
        'options.get("synchronous", "FULL")',
        'options.get("synchronous", "NORMAL")',
        (_POWER_CUTS,),
    ),
    Mutant(
        "E2: synchronous OFF",
        "P1",
        "adapters/sqlite/connections.py",
        'f"PRAGMA synchronous = {location.synchronous}"',
        '"PRAGMA synchronous = OFF"',
        (_POWER_CUTS,),
    ),
    Mutant(
        "E3: swallow the commit's error",
        "P2",
        "adapters/sqlite/units.py",
        'it again.") from error\n        raise database_error(error) from error\n',
        'it again.") from error\n',
        (_DISKS,),
    ),
    Mutant("E3: acknowledge before the commit", "P2", "adapters/sqlite/writer.py", _ATTEMPTED, _TOO_EARLY, (_DISKS,)),
    Mutant(
        "E4: compare the version that was read in another transaction",
        "P3",
        "adapters/sqlite/work_unit.py",
        "            check_expected(stream, append.expected, version)\n        partition =",
        '            read = globals().setdefault("_read", {})\n'
        "            check_expected(stream, append.expected, read.get(stream, version))\n"
        "            read[stream] = version + len(append.events)\n"
        "        partition =",
        (_CONTENTION,),
    ),
)

_VIEWS: Final = (
    Mutant(
        "E6: move the checkpoint in its own transaction, after the view's",
        "P6",
        "adapters/sqlite/view_session.py",
        "            move_checkpoint(connection, move, wrote=wrote)\n"
        "            _run_buffered(connection, buffered)\n"
        "            unpark(connection, move.share, unparked)\n            park(connection, parked)\n"
        "            self._swap(connection)\n\n"
        "        unit = Action(conclude, sum(len(sql) + len(values) for sql, values in buffered))\n"
        "        try:\n"
        "            await (self._writer.run(unit) if self._hold is None else self._hold.commit(unit))\n",
        "            _run_buffered(connection, buffered)\n"
        "            unpark(connection, move.share, unparked)\n            park(connection, parked)\n"
        "            self._swap(connection)\n\n"
        "        unit = Action(conclude, sum(len(sql) + len(values) for sql, values in buffered))\n"
        "        try:\n"
        "            await (self._writer.run(unit) if self._hold is None else self._hold.commit(unit))\n"
        "            await self._writer.run(Action("
        "lambda connection: move_checkpoint(connection, move, wrote=wrote)))\n",
        (_PROJECTORS,),
    ),
    Mutant(
        "E6: move the checkpoint in its own transaction, before the view's",
        "P6",
        "adapters/sqlite/view_session.py",
        "            move_checkpoint(connection, move, wrote=wrote)\n"
        "            _run_buffered(connection, buffered)\n"
        "            unpark(connection, move.share, unparked)\n            park(connection, parked)\n"
        "            self._swap(connection)\n\n"
        "        unit = Action(conclude, sum(len(sql) + len(values) for sql, values in buffered))\n"
        "        try:\n",
        "            _run_buffered(connection, buffered)\n"
        "            unpark(connection, move.share, unparked)\n            park(connection, parked)\n"
        "            self._swap(connection)\n\n"
        "        unit = Action(conclude, sum(len(sql) + len(values) for sql, values in buffered))\n"
        "        try:\n"
        "            if self._hold is None:\n"
        "                await self._writer.run(Action("
        "lambda connection: move_checkpoint(connection, move, wrote=wrote)))\n"
        "            else:\n"
        "                await self._hold.run(Action("
        "lambda connection: move_checkpoint(connection, move, wrote=wrote)))\n"
        '                await self._hold.run(Action(lambda connection: connection.execute("COMMIT")))\n',
        (_PROJECTORS,),
    ),
)

_HANDLERS: Final = (
    Mutant(
        "E9: skip a poison event and go on with its stream",
        "P7",
        "projections/page_processor.py",
        "                await self._park(recorded, self._poison.failure(recorded, error), move)\n",
        "                await self._apply((), move)\n",
        (_POISON,),
    ),
    Mutant(
        "E9: stop everything for a poison event",
        "P7",
        "projections/page_processor.py",
        "            pause = self._poison.pause(error, attempts)\n",
        "            raise error\n            pause = self._poison.pause(error, attempts)\n",
        (_POISON,),
    ),
    Mutant(
        "E9: apply what comes behind a poison event",
        "P7",
        "projections/page_processor.py",
        "        if key in self._parked or key in applied.stopped:\n",
        "        if key in applied.stopped:\n",
        (_POISON,),
    ),
    Mutant(
        "group rows of one key into one statement",
        "P6",
        "adapters/postgres/row_sets.py",
        "        if key in seen or len(seen) >= MOST_ROWS:\n",
        "        if len(seen) >= MOST_ROWS:\n",
        ("tests/contract/test_grouping.py",),
    ),
)

_CONNECTIONS: Final = (
    Mutant(
        "E12: leave the unit open when a command is cancelled",
        "P11",
        "write/middleware/unit_of_work.py",
        "            except BaseException:\n",
        "            except Exception:\n",
        (_CANCELLATION,),
    ),
    Mutant(
        "E12: leave the writer lent to who was cancelled while waiting for it",
        "P11",
        "adapters/sqlite/writer.py",
        "        except BaseException:\n            hold.release()\n            raise\n",
        "        except Exception:\n            hold.release()\n            raise\n",
        (_CANCELLATION,),
    ),
)

_INPUT: Final = (
    Mutant(
        "E16: store payloads without looking at them",
        "P15",
        "codec/event_codec.py",
        "            check_text(data)\n"
        "            if not known.is_flat and may_break_rules(data):\n"
        "                check_tree(msgspec.to_builtins(event, builtin_types=(bytes, Decimal, UUID)))\n",
        "",
        (_PAYLOADS,),
    ),
    Mutant(
        "E16: take cursors and tokens with any signature",
        "signed cursors",
        "codec/signer.py",
        "        if not hmac.compare_digest(mac, self._mac(payload)):\n",
        "        if len(mac) > _MAC_BYTES:\n",
        (_DECODERS,),
    ),
    Mutant(
        "E16: take misfitting requests for faults of the program",
        "no request breaks the program",
        "integrations/fastapi/problems.py",
        'INVALID_REQUEST: Final = Problem(422, "invalid-request"',
        'INVALID_REQUEST: Final = Problem(500, "invalid-request"',
        (_OPENAPI,),
    ),
)

FAULT_MUTANTS: Final = (*_DURABLE, *_VIEWS, *_HANDLERS, *_CONNECTIONS, *_INPUT)
