"""E16: what is stored on any backend is read back as it was; what could not be is refused before it is stored."""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from duolog import event
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.payload_rules import MAX_DEPTH
from duolog.codec.tags import Tagger
from duolog.database.port import Database
from duolog.errors import PayloadError
from duolog.ids import uuid7
from tests.contract.backends import MakeDatabase
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.inputs import HEALTH

EXAMPLES = size(short=100, long=2_000)
LARGEST_INT = 2**64 - 1
SMALLEST_INT = -(2**63)
NOT_STORABLE = ("\x00", *map(chr, range(0xD800, 0xE000)))

HOSTILE_TEXTS = st.just("\\u0000") | st.text(
    st.characters(codec="utf-8") | st.sampled_from(["\x00", "\ud800", "\udfff"]), max_size=5
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(LARGEST_INT - 1, LARGEST_INT + 2)
    | st.floats()
    | st.sampled_from([math.nan, math.inf, -0.0, 1e308, 5e-324])
    | HOSTILE_TEXTS
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int) -> Any:
    """Return a list in a list in a list ..."""
    tree: Any = 1
    for _ in range(levels):
        tree = [tree]
    return tree


CONTENTS = TREES | st.integers(MAX_DEPTH - 3, MAX_DEPTH + 3).map(nested) | st.sampled_from([100, 500]).map(nested)


@event("anything.happened")
@dataclass(frozen=True, slots=True)
class AnythingHappened:
    content: Any


def is_storable(content: object, level: int = 1) -> bool:
    """Tell by the rules of the design, in the plainest way, whether content may be stored."""
    if isinstance(content, float):
        return math.isfinite(content)
    if isinstance(content, str):
        return not any(character in content for character in NOT_STORABLE)
    if isinstance(content, list | dict) and level >= MAX_DEPTH:
        return False
    if isinstance(content, list):
        return all(is_storable(each, level + 1) for each in content)
    if isinstance(content, dict):
        return all(is_storable(key) and is_storable(each, level + 1) for key, each in content.items())
    return True


def has_large_int(content: object) -> bool:
    """Tell whether content has an integer beyond 64 bits: it may be refused, or stored and read as it was."""
    if isinstance(content, dict):
        return any(has_large_int(each) for each in content.values())
    if isinstance(content, list):
        return any(has_large_int(each) for each in content)
    return isinstance(content, int) and not SMALLEST_INT <= content <= LARGEST_INT


@pytest.fixture
def opened(make_empty: MakeDatabase, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Database]]:
    database = make_empty(tmp_path)
    with asyncio.Runner() as runner:
        runner.run(database.open())
        yield runner, database
        runner.run(database.close())


def test_what_is_stored_is_read_back_as_it_was_and_the_rest_is_refused(
    opened: tuple[asyncio.Runner, Database], request: pytest.FixtureRequest
) -> None:
    runner, database = opened
    experiment = Experiment(f"E16 payloads: {request.node.callspec.id}")
    codec = EventCodec(EventTypes([AnythingHappened]), Tagger(b"0" * 32))
    stored: list[str] = []

    async def write_then_read(content: object) -> None:
        name = f"thing-{uuid7()}"
        experiment.invoke(name)
        if not is_storable(content):
            experiment.fault("payload that breaks a rule")
        try:
            new = codec.encode(AnythingHappened(content))
        except PayloadError:
            experiment.answer(name, Answer.FAIL)
            assert not is_storable(content) or has_large_int(content), "refused, although it breaks no rule"
            return
        assert is_storable(content), "it breaks a rule, and was taken"
        await database.store.append(name, [new])
        experiment.answer(name, Answer.OK)
        (recorded,) = await database.store.read_stream(name)
        stored.append(recorded.stream)
        assert recorded.data == new.data
        assert list(codec.decode_all(recorded)) == [AnythingHappened(content)]

    @seed(experiment.seed)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=HEALTH)
    @given(CONTENTS)
    def any_content(content: object) -> None:
        runner.run(write_then_read(content))

    any_content()
    experiment.compare(stored)
    experiment.conclude()
