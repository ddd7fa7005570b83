import pytest

from duolog.errors import UnnamedTypeError
from duolog.messages.names import check_type_name


@pytest.mark.parametrize("name", ["user", "user.created", "a1.b_2.c", "x" * 128])
def test_dotted_lower_case_words_are_names(name: str) -> None:
    check_type_name(name, 1)


@pytest.mark.parametrize(
    "name", ["", "User", "user.Created", ".user", "user.", "user..created", "1user", "user-created", "a\n", "x" * 129]
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(UnnamedTypeError):
        check_type_name(name, 1)


@pytest.mark.parametrize("version", [0, -1])
def test_versions_start_at_one(version: int) -> None:
    with pytest.raises(UnnamedTypeError):
        check_type_name("user", version)
