from dataclasses import dataclass

import pytest

from duolog.errors import UnnamedTypeError
from duolog.messages.event import JsonObject, event, event_spec, is_event


def as_it_is(payload: JsonObject) -> JsonObject:
    return payload


def test_a_class_gets_its_name_version_and_stream() -> None:
    @event("user.noticed", version=2, stream="user_notices-{user_id}", upcasts={1: as_it_is})
    @dataclass(frozen=True, slots=True)
    class UserNoticed:
        user_id: str

    spec = event_spec(UserNoticed)
    assert (spec.name, spec.version, spec.cls) == ("user.noticed", 2, UserNoticed)
    assert spec.stream == "user_notices-{user_id}"
    assert is_event(UserNoticed)


@pytest.mark.parametrize(("version", "steps"), [(2, []), (3, [1]), (3, [2]), (1, [1]), (2, [1, 2]), (2, [0, 1])])
def test_exactly_the_older_versions_are_upcast(version: int, steps: list[int]) -> None:
    with pytest.raises(UnnamedTypeError, match="upcasts"):
        event("user.created", version=version, upcasts=dict.fromkeys(steps, as_it_is))


def test_a_class_without_a_name_says_what_to_do() -> None:
    class Nameless:
        pass

    assert not is_event(Nameless)
    with pytest.raises(UnnamedTypeError, match="Nameless") as caught:
        event_spec(Nameless)
    assert "@event" in caught.value.hint


def test_event_must_be_the_outermost_decorator() -> None:
    @dataclass(frozen=True, slots=True)  # slots make a new class, so @event below names the one that is thrown away
    @event("user.created")
    class UserCreated:
        pass

    assert not is_event(UserCreated)
    with pytest.raises(UnnamedTypeError, match="outermost"):
        event_spec(UserCreated)
