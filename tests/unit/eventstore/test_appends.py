import msgspec
import pytest

from duolog.errors import EventIdReusedError, PayloadError, StreamNameError
from duolog.eventstore.appends import MAX_EVENTS, Append, Appended, check_appends, repeated_outcome
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent


def new_event() -> NewEvent:
    return NewEvent(uuid7(), "thing.happened", 1, b"{}", ("a:1",))


def recorded(event: NewEvent, stream: str, *, position: int, version: int) -> RecordedEvent:
    fields = msgspec.structs.asdict(event)
    return RecordedEvent(
        **fields,
        position=position,
        tenant="",
        stream=stream,
        version=version,
        partition=partition_of("", stream),
        recorded_at=0,
    )


def test_good_appends_pass() -> None:
    check_appends([])
    check_appends([Append("user-1", (new_event(),)), Append("user-1", (new_event(), new_event()))])


@pytest.mark.parametrize(
    ("append", "error"),
    [
        (Append("user", (new_event(),)), StreamNameError),
        (Append("user-1", ()), PayloadError),
        (Append("user-1", tuple(new_event() for _ in range(MAX_EVENTS + 1))), PayloadError),
        (Append("user-1", (new_event(),) * 2), EventIdReusedError),
    ],
    ids=["stream", "empty", "too many", "id twice"],
)
def test_a_bad_append_is_refused(append: Append, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_appends([Append("user-2", (new_event(),)), append])


def test_an_id_twice_in_two_appends_is_refused() -> None:
    event = new_event()
    with pytest.raises(EventIdReusedError):
        check_appends([Append("user-1", (event,)), Append("user-2", (event,))])


def test_new_events_have_no_outcome_yet() -> None:
    assert repeated_outcome([Append("user-1", (new_event(),))], {}, "") is None


def test_recorded_events_have_their_first_outcome_in_any_order() -> None:
    one, two, three = new_event(), new_event(), new_event()
    log = {
        one.event_id: recorded(one, "user-1", position=5, version=2),
        two.event_id: recorded(two, "user-1", position=6, version=3),
        three.event_id: recorded(three, "order-1", position=9, version=1),
    }
    expected = Appended(
        5, 9, {"user-1": 3, "order-1": 1}, frozenset({partition_of("", "user-1"), partition_of("", "order-1")})
    )
    for appends in (
        [Append("user-1", (one, two)), Append("order-1", (three,))],
        [Append("order-1", (three,)), Append("user-1", (two,)), Append("user-1", (one,))],
    ):
        assert repeated_outcome(appends, log, "") == expected


def test_metadata_is_no_part_of_an_events_identity() -> None:
    event = new_event()
    log = {event.event_id: recorded(event, "user-1", position=5, version=1)}
    again = msgspec.structs.replace(event, metadata=b'{"actor":"x"}')
    assert repeated_outcome([Append("user-1", (again,))], log, "") is not None


@pytest.mark.parametrize(
    "change", [{"type": "other"}, {"schema_version": 2}, {"data": b'{"a":1}'}, {"tags": ()}, {"tags": ("a:2",)}]
)
def test_other_content_under_a_recorded_id_is_refused(change: dict[str, object]) -> None:
    event = new_event()
    log = {event.event_id: recorded(event, "user-1", position=5, version=1)}
    with pytest.raises(EventIdReusedError):
        repeated_outcome([Append("user-1", (msgspec.structs.replace(event, **change),))], log, "")


def test_another_stream_tenant_or_a_part_is_refused() -> None:
    event = new_event()
    log = {event.event_id: recorded(event, "user-1", position=5, version=1)}
    for append, tenant in (
        (Append("user-2", (event,)), ""),
        (Append("user-1", (event,)), "acme"),
        (Append("user-1", (event, new_event())), ""),
    ):
        with pytest.raises(EventIdReusedError):
            repeated_outcome([append], log, tenant)
