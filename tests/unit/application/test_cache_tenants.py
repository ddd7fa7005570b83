"""Whatever two tenants do, none ever gets an answer that is not its own."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duolog import Application, Metadata
from tests.unit.application.tallies import Add, GetTally, GetTallyStrictly, ListTallies, Tally, tallies

Step = tuple[str, str, str]

TENANTS = st.sampled_from(["", "one", "two", "one\x1f", "\x1fone"])
NAMES = st.sampled_from(["a", "b"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "get", "strict", "list"]), TENANTS, NAMES), max_size=20)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_are_those_of_the_tenant_who_asks(
    runner: asyncio.Runner, steps: Sequence[tuple[str, str, str]]
) -> None:
    runner.run(_run(steps))


async def _run(steps: Sequence[Step]) -> None:
    totals = Counter[tuple[str, str]]()
    position = 0
    async with tallies("memory://") as app:
        for what, tenant, name in steps:
            metadata = Metadata(tenant=tenant)
            if what == "add":
                position = (await app.execute_with_receipt(Add(name), metadata=metadata)).position
                totals[tenant, name] += 1
            elif what == "list":
                expected = [Tally(each, totals[tenant, each]) for each in "ab" if totals[tenant, each]]
                assert await app.query(ListTallies(), after=position, metadata=metadata) == expected
            else:
                found = await _get(app, what, name, position, metadata)
                assert found == (Tally(name, totals[tenant, name]) if totals[tenant, name] else None)


async def _get(app: Application, what: str, name: str, position: int, metadata: Metadata) -> Tally | None:
    query = GetTally(name) if what == "get" else GetTallyStrictly(name)
    return await app.query(query, after=position, metadata=metadata)
