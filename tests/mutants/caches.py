"""Mutants of the query cache and of live queries."""

from typing import Final

from tests.mutants.mutant import Mutant

_CACHED: Final = "tests/unit/application/test_cached_queries.py"
_SHARED: Final = "tests/unit/application/test_shared_caches.py"
_LEVELS: Final = "tests/contract/test_cache_levels.py"
_JSON: Final = "tests/unit/application/test_cached_json.py"
_LIVE: Final = "tests/unit/application/test_live_queries.py"
_CHANGES: Final = "tests/contract/test_sqlite.py::TestViewChanges"

CACHE_MUTANTS: Final = (
    Mutant(
        "keep an answer with what the views have come to now",
        "P14: a late fill is known to be old",
        "read/caching/cached_query.py",
        "        is_behind = scope is not None and scope.is_behind\n        answer = await proceed(context)\n",
        "        is_behind = False\n        answer = await proceed(context)\n"
        "        await self._known.check(self._names, since=time.monotonic())\n"
        "        views = ViewsRead(tuple(view.version for view in self._views), 0)\n",
        (f"{_CACHED}::test_a_fill_that_comes_late_is_known_to_be_old", "tests/faults/test_cached_answers.py"),
    ),
    Mutant(
        "serve whatever was kept",
        "P14: plain set after read",
        "read/caching/cached_query.py",
        "            if version != view.version or view.as_of < least:\n",
        "            if view.as_of < least:\n",
        (
            f"{_CACHED}::test_a_fill_that_comes_late_is_known_to_be_old",
            f"{_CACHED}::test_another_processs_change_is_seen_when_the_answer_is_checked",
        ),
    ),
    Mutant(
        "serve an answer however long ago its views were looked at",
        "P14: no older than allowed",
        "read/caching/cached_query.py",
        "            if version != view.version or view.as_of < least:\n",
        "            if version != view.version:\n",
        (f"{_CACHED}::test_no_answer_is_older_than_allowed",),
    ),
    Mutant(
        "take a look at the views that began before the question",
        "P14: a strict answer is checked when it is asked for",
        "read/caching/known_views.py",
        "            if reading.began >= since:\n",
        "            if reading.began:\n",
        ("tests/unit/read/test_known_views.py::test_a_reading_that_began_earlier_is_not_enough",),
    ),
    Mutant(
        "believe a look that began before a change in this process",
        "P14: what this process has heard of",
        "read/caching/known_views.py",
        "        if as_of > known.as_of and as_of >= known.distrusted_at:\n",
        "        if as_of > known.as_of:\n",
        ("tests/unit/read/test_known_views.py::test_a_reading_from_before_a_change_says_nothing",),
    ),
    Mutant(
        "set an answer in Valkey whatever is kept there",
        "P14: plain set after read",
        "adapters/redis/fill_answer.lua",
        "if #known == #ARGV[1] and known > ARGV[1] then",
        "if false then",
        (f"{_LEVELS}::TestValkey::test_a_newer_answer_is_never_replaced_by_an_older_one",),
    ),
    Mutant(
        "set an answer in memory whatever is kept there",
        "P14: plain set after read",
        "read/caching/memory_cache.py",
        "        if known is not None and entry.is_older_than(known):\n",
        "        if known is None and entry is None:\n",
        (f"{_LEVELS}::TestMemory::test_a_newer_answer_is_never_replaced_by_an_older_one",),
    ),
    Mutant(
        "let tenants share answers",
        "no cross-tenant read",
        "read/caching/answers.py",
        "            return self._prefix + _key_encoder.encode((query, tenant))\n",
        "            return self._prefix + _key_encoder.encode(query)\n",
        (
            f"{_CACHED}::test_tenants_never_share_an_answer",
            "tests/unit/application/test_cache_tenants.py",
        ),
    ),
    Mutant(
        "ask the service for each of those who ask at once",
        "single flight",
        "read/caching/cached_query.py",
        "            if flight is None:\n",
        "            if flight is None or flight.found is None:\n",
        (f"{_CACHED}::test_many_who_ask_at_once_are_one_query",),
    ),
    Mutant(
        "tell what views have come to outside of the snapshot",
        "P14: items and version of one state",
        "adapters/sqlite/read_session.py",
        "        return await self.read(lambda connection: read_view_changes(connection, views))\n",
        "        return await self._readers.run(lambda connection: read_view_changes(connection, views))\n",
        (f"{_CHANGES}::test_a_snapshot_tells_what_its_own_rows_have_come_to",),
    ),
    Mutant(
        "forget since when a generation is live",
        "P14: a switch invalidates",
        "adapters/sqlite/sql/view_changes.sql",
        "SELECT c.subscription, g.since,",
        "SELECT c.subscription, 0,",
        (f"{_CHANGES}::test_another_generation_is_later",),
    ),
    Mutant(
        "wait for a shared level as long as it takes",
        "a failing cache changes no answer",
        "read/caching/shared_level.py",
        "        self._seconds = seconds\n",
        "        self._seconds = None\n",
        (f"{_SHARED}::test_a_level_that_does_not_answer_is_not_waited_for",),
    ),
    Mutant(
        "fail queries with their shared cache",
        "E15: a failing cache changes no answer",
        "read/caching/shared_level.py",
        "            self._report(error, meter)\n            return None\n",
        "            raise error\n",
        (f"{_SHARED}::test_killing_valkey_changes_no_answer",),
    ),
    Mutant(
        "keep texts of another form",
        "what is kept fits its declared type",
        "read/caching/encoding.py",
        "        check(text)\n",
        "",
        (f"{_JSON}::test_a_text_of_another_form_is_answered_and_not_kept",),
    ),
    Mutant(
        "tell watchers of texts that are the same",
        "live queries tell what changed",
        "read/json_answer.py",
        "        return self.encode() == other.encode() if isinstance(other, Json) else NotImplemented\n",
        "        return self is other\n",
        (f"{_JSON}::test_watchers_get_a_text_that_is_another_one",),
    ),
    Mutant(
        "send endless answers to whoever takes anything",
        "live answers are asked for by name",
        "integrations/fastapi/media_types.py",
        "_BY_NAME: Final = frozenset({EVENT_STREAM})",
        "_BY_NAME: Final = frozenset[str]()",
        ("tests/unit/integrations/test_live_answers.py::test_events_are_asked_for_by_name",),
    ),
    Mutant(
        "ask a watched query at every look",
        "live queries cost nothing while nothing changes",
        "read/watching/view_feed.py",
        "            await self._woken.wait()\n",
        "            await asyncio.sleep(0.01)\n            return True\n",
        (f"{_LIVE}::test_nobody_asks_while_nothing_changes",),
    ),
)
