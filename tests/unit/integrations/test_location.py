from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

import pytest

from duolog.errors import ConfigurationError
from duolog.integrations.fastapi.location import check_location


@dataclass(frozen=True, slots=True)
class Made:
    number: int


class MadeJson(TypedDict):
    number: int


@pytest.mark.parametrize(
    ("location", "path", "result"),
    [
        ("/things/{id}", "/things", UUID),
        ("/things/{number}", "/things", Made),
        ("/things/{number}", "/things", MadeJson),
        ("/shelves/{shelf}/things/{id}", "/shelves/{shelf}/things", UUID),
        ("/things/{anything}", "/things", dict),
    ],
)
def test_a_location_names_the_path_and_the_result(location: str, path: str, result: type) -> None:
    check_location(location, path, result)


@pytest.mark.parametrize("result", [UUID, Made, MadeJson])
def test_another_name_is_refused_before_any_command_takes_effect(result: type) -> None:
    with pytest.raises(ConfigurationError, match=r"names foo, which the answer does not have\n.*It has:"):
        check_location("/things/{foo}", "/things", result)
