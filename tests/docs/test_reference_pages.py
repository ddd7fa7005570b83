"""The reference pages say what the code is: some are made from it, the others must name all of it."""

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

import pytest
import typer

from duolog import Settings, telemetry
from duolog.cli.command_line import command_line
from duolog.integrations.fastapi import health, message_endpoint, problems, request_parameters
from duolog.integrations.fastapi.problems import Problem
from tests.docs.generated_pages import PAGES
from tests.docs.pages import ROOT


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_is_made_from_the_code_is_up_to_date(path: str) -> None:
    """`python -m tests.docs.generated_pages` writes it anew."""
    assert _text(path) == PAGES[path]()


def test_every_problem_is_on_the_page_about_http_with_its_status() -> None:
    """A client that meets one can look it up, and nothing is described that does not exist."""
    known = {(problem.status, problem.name) for problem in _problems()}
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", _text("docs/reference/http.md"), re.MULTILINE)
    assert {(int(status), name) for status, name in rows} == known


def test_the_headers_of_positions_are_on_the_page_about_http() -> None:
    """They are how a client reads its own writes."""
    text = _text("docs/reference/http.md")
    assert f"`{request_parameters.AFTER}`" in text
    assert f"`{message_endpoint.POSITION}`" in text


def test_every_setting_is_on_its_page_with_its_default() -> None:
    """The table is the settings, in their order."""
    rows = re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", _text("docs/reference/configuration.md"), re.MULTILINE)
    expected = [(field.name, repr(field.default)) for field in dataclasses.fields(Settings)]
    assert rows[: len(expected)] == expected


def test_every_environment_variable_is_on_the_page_about_configuration() -> None:
    """What the code reads is described, and nothing else."""
    pattern = re.compile(r'(?:envvar="|ENVIRONMENT_VARIABLE: Final = "|environment\.get\(")([A-Z_]+)"')
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    read = {name for path in sources for name in pattern.findall(path.read_text(encoding="utf-8"))}
    section = _text("docs/reference/configuration.md").partition("## Environment variables")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == read


def test_every_command_that_reads_the_databases_variable_is_in_its_row() -> None:
    """Who sets it knows which commands it reaches."""
    (row,) = re.findall(r"^\| `DUOLOG_DATABASE` \|([^|]+)\|", _text("docs/reference/configuration.md"), re.MULTILINE)
    named = {name.removeprefix("duolog ") for name in re.findall(r"`([^`]+)`", row)}
    group: Any = typer.main.get_command(command_line)
    assert named == {name for name, command in group.commands.items() if _reads(command, "DUOLOG_DATABASE")}


def _reads(command: Any, variable: str) -> bool:
    subcommands = getattr(command, "commands", {}).values()
    return any(each.envvar == variable for each in command.params) or any(
        _reads(each, variable) for each in subcommands
    )


def test_every_table_and_column_of_ours_is_on_the_page_about_stored_formats() -> None:
    """Who reads the database with other tools finds what each column means."""
    text = _text("docs/reference/stored-formats.md")
    names = set(re.findall(r"`([a-z_]+)`", text))
    migrations = files("duolog.adapters.sqlite") / "migrations"
    ddl = "\n".join(entry.read_text(encoding="utf-8") for entry in migrations.iterdir() if entry.name.endswith(".sql"))
    tables = re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", ddl, re.DOTALL)
    assert tables
    for table, body in tables:
        columns = re.findall(r"^    ([a-z_]+) ", body, re.MULTILINE)
        assert {table, *columns} <= names, table


def test_every_instrument_and_attribute_is_on_the_page_about_telemetry() -> None:
    """With its name, kind, unit and attributes, and none that does not exist."""
    text = _text("docs/reference/telemetry.md")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| `([^`]+)` \| (.+) \| .+ \|$", text, re.MULTILINE)
    constants = {name: str(value) for name, value in vars(telemetry).items() if name.startswith("METRIC_")}
    assert {name for name, *_ in rows} == set(constants.values())
    for name, kind, unit, attributes in rows:
        constant = next(each for each, value in constants.items() if value == name)
        made = re.findall(rf'create_(\w+)\(\s*[^)]*?{constant}\b[^)]*?unit="([^"]+)"', sources)
        assert set(made) == {(kind, unit)}, name
        assert attributes == "none" or re.findall(r"`([a-z_.]+)`", attributes), name
    attributes = {str(value) for name, value in vars(telemetry).items() if name.startswith("ATTRIBUTE_")}
    assert attributes <= set(re.findall(r"`([a-z_.]+)`", text))


def test_every_dependency_has_its_reason() -> None:
    """And no reason is left of one that is gone."""
    project = tomllib.loads(_text("pyproject.toml"))
    groups: dict[str, list[object]] = project["dependency-groups"]
    wanted = {
        *_names(project["project"]["dependencies"]),
        *(name for extra in project["project"]["optional-dependencies"].values() for name in _names(extra)),
        *(name for group in groups.values() for name in _names(each for each in group if isinstance(each, str))),
    }
    rows = [line for line in _text("docs/explanation/dependencies.md").splitlines() if line.startswith("| ")]
    explained = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.rpartition(" | ")[0])}
    extras = set(project["project"]["optional-dependencies"])
    assert explained - extras == wanted - extras - {"duolog"}


def _names(requirements: Iterable[object]) -> Iterator[str]:
    for requirement in requirements:
        yield re.split(r"[^A-Za-z0-9-]", str(requirement), maxsplit=1)[0]


def _problems() -> Iterator[Problem]:
    yield from problems.PROBLEMS.values()
    for module in (problems, health):
        yield from (value for value in vars(module).values() if isinstance(value, Problem))


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
