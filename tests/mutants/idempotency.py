"""Mutants that let a command take effect twice, or a commit of unknown outcome be guessed."""

from typing import Final

from tests.mutants.mutant import Mutant

_MEMORY: Final = "tests/contract/test_memory.py"
_SQLITE: Final = "tests/contract/test_sqlite.py"
_COMMANDS: Final = "tests/unit/write/test_idempotency.py"
_RELEASES: Final = "tests/unit/integrations/test_answers_across_releases.py"
_REQUESTS: Final = "tests/unit/integrations/test_idempotency_over_http.py"

_ONE_KEY: Final = "tests/faults/test_one_key.py"

_WITH_THE_KEY: Final = "        return await self._writer.run(work_unit(work))\n"
_KEY_APART: Final = """\
        rest = SealedWork(work.tenant, work.statements, work.appends, work.conditions, work.snapshots)
        appended = await self._writer.run(work_unit(rest))
        if work.idempotency is not None:
            await self._writer.run(work_unit(SealedWork(idempotency=work.idempotency)))
        return appended
"""

_UNTIL_THE_KEY: Final = """\
            AuthorisationMiddleware(self._parts.authorizer),
            self.reading.after_position,
            TimeLimitMiddleware(command_seconds=settings.command_seconds, query_seconds=settings.query_seconds),
"""
_BY_THE_KEY: Final = """\
            IdempotencyMiddleware(lambda: self.database.idempotency, self._parts.secret.value),
"""

_KEYS: Final = (
    Mutant(
        "commit an idempotency key that is taken",
        "P9",
        "adapters/memory/committer.py",
        "            self._keys.check(work.idempotency)\n",
        "            pass\n",
        (
            f"{_MEMORY}::TestIdempotency::test_a_taken_key_changes_nothing",
            f"{_MEMORY}::TestIdempotency::test_one_of_many_units_gets_the_key",
        ),
    ),
    Mutant(
        "write over an idempotency key that is taken",
        "P9",
        "adapters/sqlite/sql/claim_idempotency_key.sql",
        "DO NOTHING",
        "DO UPDATE SET result = excluded.result, fingerprint = excluded.fingerprint",
        (
            f"{_SQLITE}::TestIdempotency::test_a_taken_key_changes_nothing",
            f"{_SQLITE}::TestIdempotency::test_one_of_many_units_gets_the_key",
        ),
    ),
    Mutant(
        "E11: look for the key, then write",
        "P9",
        "adapters/sqlite/sql/claim_idempotency_key.sql",
        "DO NOTHING",
        "DO UPDATE SET result = excluded.result, fingerprint = excluded.fingerprint",
        (_ONE_KEY,),
    ),
    Mutant(
        "E11: commit the key in a transaction of its own",
        "P9",
        "adapters/sqlite/committer.py",
        _WITH_THE_KEY,
        _KEY_APART,
        (_ONE_KEY,),
    ),
    Mutant(
        "run a command whose idempotency key is stored",
        "P9",
        "write/middleware/idempotency.py",
        "            stored = await self._find(claim)  # after it is held",
        "            stored = None  # after it is held",
        (f"{_COMMANDS}::test_the_same_command_again_is_answered_with_its_first_receipt",),
    ),
    Mutant(
        "run a command whose idempotency key is in flight",
        "P9",
        "write/middleware/idempotency.py",
        "            if not held:\n",
        "            if held is None:\n",
        (f"{_COMMANDS}::test_a_hundred_tasks_with_one_key_have_one_effect",),
    ),
    Mutant(
        "answer by idempotency key before authorisation",
        "P9",
        "application/assembly.py",
        f"{_UNTIL_THE_KEY}{_BY_THE_KEY}",
        f"{_BY_THE_KEY}{_UNTIL_THE_KEY}",
        (f"{_COMMANDS}::test_who_may_not_send_a_command_is_not_told_its_stored_answer",),
    ),
    Mutant(
        "share idempotency keys among actors",
        "P9",
        "write/middleware/idempotency.py",
        '    actor = metadata.actor.id if metadata.actor is not None else ""\n',
        '    actor = ""\n',
        (
            f"{_COMMANDS}::test_keys_of_other_commands_actors_tenants_and_operations_are_other_keys",
            f"{_REQUESTS}::test_another_actors_and_another_routes_key_is_another_key",
        ),
    ),
    Mutant(
        "answer another command by its idempotency key",
        "P9",
        "write/middleware/idempotency.py",
        "    if not hmac.compare_digest(stored.fingerprint, claim.fingerprint):\n",
        "    if len(stored.fingerprint) != len(claim.fingerprint):\n",
        (
            f"{_COMMANDS}::test_another_command_with_the_key_is_refused",
            f"{_REQUESTS}::test_another_body_with_the_key_is_a_problem",
        ),
    ),
    Mutant(
        "make every stored answer again",
        "P9",
        "integrations/fastapi/message_endpoint.py",
        "        if answered is not None and answered.shown is not None:\n",
        "        if answered is not None and answered.shown is not None and not receipt.replayed:\n",
        (f"{_RELEASES}::test_a_later_release_gives_the_stored_status_headers_and_body",),
    ),
)

_UNKNOWN_OUTCOMES: Final = (
    Mutant(
        "send a unit of unknown outcome again",
        "P10",
        "write/unknown_outcome.py",
        "            await self._committer.settle()\n            outcome = await self._find(work)\n",
        "            outcome = await self._committer.commit(work)\n",
        (f"{_SQLITE}::TestUnknownOutcomes::test_what_was_not_committed_is_certain",),
    ),
    Mutant(
        "look for a unit of unknown outcome before it is settled",
        "P10",
        "write/unknown_outcome.py",
        "            await self._committer.settle()\n",
        "",
        (f"{_SQLITE}::TestUnknownOutcomes::test_a_database_that_cannot_be_asked_leaves_it_unknown",),
    ),
    Mutant(
        "take an unknown outcome for a rollback",
        "P10",
        "write/unknown_outcome.py",
        "            raise unknown\n        try:\n",
        "            pass\n        try:\n",
        (f"{_SQLITE}::TestUnknownOutcomes::test_what_cannot_be_looked_up_is_reported",),
    ),
)

IDEMPOTENCY_MUTANTS: Final = (*_KEYS, *_UNKNOWN_OUTCOMES)
