import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Annotated, Any, NewType
from uuid import UUID

import msgspec
import pytest

from duolog import Command, MaterializedView, event
from duolog.admin.checks.all_rules import check_application
from duolog.admin.secret_names import is_secret_name
from duolog.admin.source_code import allowed_rules
from duolog.application.structure import structure_of
from duolog.testing import application
from tests.unit.cli import careless, shop
from tests.unit.cli.conftest import Duolog, Target


@pytest.fixture
def findings(duolog: Duolog) -> list[Mapping[str, Any]]:
    ended = duolog("check", "tests.unit.cli.careless:app", "--json")
    assert ended.code == 1
    *found_ones, summary = (json.loads(line) for line in ended.lines)
    assert (summary["handlers"], summary["findings"]) == (2, len(found_ones))
    return found_ones


def found(findings: list[Mapping[str, Any]], rule: str) -> dict[str, str]:
    return {each["subject"].rpartition(".")[2]: each["message"] for each in findings if each["rule"] == rule}


def test_careful_code_passes(duolog: Duolog, target: Target) -> None:
    ended = duolog("check", target())
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith("3 handlers keep 10 rules")


def test_careful_code_is_told_so_to_programs(duolog: Duolog, target: Target) -> None:
    """They need not take silence for an answer."""
    ended = duolog("check", target(), "--json")
    summary = json.loads(ended.stdout)
    assert (ended.code, summary["handlers"], summary["findings"]) == (0, 3, 0)
    assert "naming" in summary["rules"]


def test_the_users_example_passes(duolog: Duolog, target: Target) -> None:
    composition = "__import__('users.infrastructure.composition').infrastructure.composition"
    assert duolog("check", target(f"{composition}.make_application(url, secret='x' * 32)")).code == 0


def test_a_finding_names_class_place_and_what_to_do(duolog: Duolog) -> None:
    ended = duolog("check", "tests.unit.cli.careless:app")
    line = inspect.getsourcelines(careless.FillCart)[1]
    assert f"tests/unit/cli/careless.py:{line}: naming: tests.unit.cli.careless.FillCart: " in ended.stdout
    assert "  hint: Rename it to FillCartCommand." in ended.lines
    assert ended.stderr == "12 findings\n"


def test_names_follow_one_pattern(findings: list[Mapping[str, Any]]) -> None:
    assert set(found(findings, "naming")) == {"FillCart"}


def test_messages_and_results_are_frozen_and_slotted(findings: list[Mapping[str, Any]]) -> None:
    shapes = [(each["subject"].rpartition(".")[2], each["message"]) for each in findings if each["rule"] == "shape"]
    assert shapes == [
        ("FillCart", "its instances have a __dict__"),
        ("CartDTO", "its instances can be changed"),
        ("CartDTO", "its instances have a __dict__"),
    ]


def test_a_query_service_reaches_no_write_port(findings: list[Mapping[str, Any]]) -> None:
    assert found(findings, "query-writes") == {
        "GetCartQueryService": "it reaches the write side: GetCartQueryService → CartReader → CartRepository"
    }


def test_a_handler_returns_no_entity(findings: list[Mapping[str, Any]]) -> None:
    assert found(findings, "entity-returned") == {"FillCartInteractor": "execute returns the entity Cart"}


def test_events_are_named_registered_and_have_a_stream_of_their_own(findings: list[Mapping[str, Any]]) -> None:
    assert found(findings, "event") == {
        "CartFilled": "Cart applies it, but it is not registered: not every process can read it",
        "CartWatched": "FillCartInteractor publishes it, but it is not registered: not every process can read it",
        "CartForgotten": "FillCartInteractor publishes it, but it has no name",
    }


def test_cached_answers_depend_on_views_and_on_nobody_in_particular(findings: list[Mapping[str, Any]]) -> None:
    messages = [each["message"] for each in findings if each["rule"] == "cache"]
    assert messages == [
        "its answers are cached, and nothing tells when they change",
        "all of a tenant share its answers, but it knows who asks: it takes Metadata",
    ]


def test_a_materialized_view_declares_what_it_reads() -> None:
    """Else the changes of that do not refresh it."""

    class BadTotals(MaterializedView):
        name, version = "totals", 1
        tables = ("notes",)
        key = ("amount",)
        select = "SELECT o.amount, 'FROM other' AS text FROM notes AS n JOIN orders_view AS o ON o.id = n.id"

    class GoodTotals(BadTotals):
        reads = (shop.OrdersProjection,)

    for view, messages in (
        (BadTotals, ["its select reads orders_view, whose changes do not refresh it"]),
        (GoodTotals, []),
    ):
        app = application(
            projections=[shop.OrdersProjection],
            materialized_views=[view],
            tables={"notes": "CREATE TABLE notes (id TEXT)"},
        )
        assert [each.message for each in check_application(structure_of(app))] == messages


def test_secrets_are_left_out_of_the_repr(findings: list[Mapping[str, Any]]) -> None:
    assert found(findings, "secret-shown") == {"FillCart": "its repr shows 'api_token'"}


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("password", True),
        ("password_hash", True),
        ("apiKey", True),
        ("client_secret", True),
        ("refresh_token", True),
        ("key", False),
        ("tokenizer", False),
        ("compass", False),
        ("pinned", False),
        ("pwd", True),
        ("password_changed_at", False),
        ("token_expires_at", False),
        ("tokenType", False),
        ("at_token", True),
    ],
)
def test_a_secret_is_told_by_the_words_of_its_name(name: str, *, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


@event("till.opened")
@dataclass(frozen=True, slots=True)
class TillOpened:
    token: datetime | None  # when it was given


@dataclass(frozen=True, slots=True)
class Door:
    password: str
    code: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Gate:
    password: str


class Bell(msgspec.Struct, frozen=True):
    secret: bytes | None = None


Token = NewType("Token", str)


@dataclass(frozen=True, slots=True)
class OpenTillCommand(Command[None]):
    doors: tuple[Door, ...]
    bell: Bell
    hidden: Gate = field(repr=False)
    reset_token: UUID
    pin: int
    known_password: str  # duolog: allow secret-shown - it is printed on the till
    # duolog: allow secret-shown - it is public
    token: Token
    other_token: Annotated[str, "shown"]


class OpenTillInteractor:
    async def execute(self, cmd: OpenTillCommand) -> None: ...


@dataclass(frozen=True, slots=True)
class Till(Command[None]):  # duolog: allow naming - the cashiers call it so
    pass


class TillInteractor:
    async def execute(self, cmd: Till) -> None: ...


def test_secrets_are_found_below_and_what_is_said_to_be_meant_is_not() -> None:
    handlers = (OpenTillCommand.handled_by(OpenTillInteractor), Till.handled_by(TillInteractor))
    found = check_application(structure_of(application(*handlers, events=[TillOpened])))
    assert [(each.subject.rpartition(".")[2], each.message) for each in found] == [
        ("OpenTillCommand", "its repr shows 'reset_token'"),
        ("OpenTillCommand", "its repr shows 'other_token'"),
        ("Door", "its repr shows 'password'"),
        ("Bell", "its repr shows 'secret'"),
    ]
    assert all("# duolog: allow secret-shown - reason" in each.advice for each in found)


@pytest.mark.parametrize("comment", ["# duolog: allow shape - y", "# duolog: allow naming -", "# duolog: allow naming"])
def test_an_allowance_is_for_one_rule_and_has_a_reason(comment: str, tmp_path: Path) -> None:
    file = tmp_path / "allowing.py"
    file.write_text(f"class Named:  {comment}\n    pass\n")
    spec = spec_from_file_location("allowing", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["allowing"] = module
    try:
        spec.loader.exec_module(module)
        assert "naming" not in allowed_rules(module.Named)
    finally:
        del sys.modules["allowing"]
