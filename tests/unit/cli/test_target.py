import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from duolog.cli.target import load_target
from duolog.cli.target_argument import named_application, read_application
from duolog.errors import ConfigurationError, MissingSecretError
from tests.unit.cli.conftest import Duolog

APPLICATION = """
from duolog.application.application import Application

class Holder:
    def __init__(self, application):
        self.state = self
        self.duolog = application

    async def __call__(self, scope, receive, send): ...

app = Application("shop", database="memory://", handlers=[], secret="0123456789abcdef")
api = Holder(app)
bare = Holder(None)
"""


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "a_shop.py").write_text(APPLICATION)
    (tmp_path / "a_broken_shop.py").write_text("1 / 0")
    (tmp_path / "a_dependent_shop.py").write_text("import a_package_that_is_not_installed")
    (tmp_path / "a_shop_without_secret.py").write_text(APPLICATION.replace("0123456789abcdef", "short"))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_an_application_is_found_in_the_working_directory() -> None:
    target = load_target("a_shop:app")
    assert target.application.name == "shop"
    assert target.web is None


def test_an_application_is_found_where_a_web_application_has_it() -> None:
    target = load_target("a_shop:api")
    assert target.application.name == "shop"
    assert target.web is not None


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("a_shop", "'a_shop' does not name an application", "shop.main:api"),
        (":app", "':app' does not name an application", "shop.main:api"),
        ("no_shop.main:app", "there is no module 'no_shop' in ", "shop.main:api"),
        ("a_shop.main:app", "there is no module 'a_shop.main' in ", "shop.main:api"),
        ("a_shop:ap", "module 'a_shop' has no attribute 'ap'", "It has: api, app."),
        ("a_shop:Holder", "a_shop:Holder is a type, not an application", "Name a duolog Application"),
        ("a_shop:bare", "a_shop:bare is a Holder, not an application", "Name a duolog Application"),
        ("a_broken_shop:app", "importing 'a_broken_shop' failed: ZeroDivisionError", "duolog --debug ...`"),
        ("a_dependent_shop:app", "No module named 'a_package_that_is_not_installed'", "duolog --debug"),
    ],
)
def test_what_is_no_application_is_said_in_a_sentence(name: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_target(name)
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_an_application_that_is_put_together_wrongly_says_so_itself() -> None:
    with pytest.raises(MissingSecretError):
        load_target("a_shop_without_secret:app")


@pytest.mark.parametrize("secret", ["", None])
def test_an_application_that_is_only_read_needs_no_secret(
    working_directory: Path, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    """Another one stands in, and is gone again."""
    (working_directory / "a_secretless_shop.py").write_text(APPLICATION.replace(', secret="0123456789abcdef"', ""))
    monkeypatch.delenv("DUOLOG_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("DUOLOG_SECRET", secret)
    with pytest.raises(MissingSecretError):
        named_application("a_secretless_shop:app")
    assert read_application("a_secretless_shop:app").name == "shop"
    assert os.environ.get("DUOLOG_SECRET") in (secret, None)
    with pytest.raises(MissingSecretError, match="too short"):
        read_application("a_shop_without_secret:app")


@pytest.mark.parametrize("command", [("check",), ("map",), ("schema", "lock"), ("schema", "check")])
def test_commands_that_only_read_the_code_need_no_secret(
    working_directory: Path, duolog: Duolog, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """They belong in CI, which has none."""
    (working_directory / "duolog.lock.json").write_text('{"format": 1}')
    (working_directory / "a_secretless_shop.py").write_text(APPLICATION.replace(', secret="0123456789abcdef"', ""))
    monkeypatch.delenv("DUOLOG_SECRET", raising=False)
    assert duolog(*command, "a_secretless_shop:app").code == 0
