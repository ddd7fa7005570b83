"""The reference pages that are made from the code: `python -m tests.docs.generated_pages` writes them anew."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import typer

import duolog
from duolog import errors
from duolog.cli.command_line import command_line
from duolog.errors import DuologError
from duolog.integrations.fastapi.problems import PROBLEMS
from tests.docs.outlines import outline
from tests.docs.pages import ROOT

_NOTE: Final = "<!-- Made from the code by `python -m tests.docs.generated_pages`; do not edit it here. -->"

_ABOUT_THE_PUBLIC_API: Final = """\
Everything that `from duolog import ...` gives. Two more packages are public: `duolog.testing` (see
[Test with given, when, then](../how-to/test-with-given-when-then.md)) and `duolog.integrations.fastapi` (see
[HTTP](http.md)). So is the module `duolog.errors` (see [Errors](errors.md)). Other modules may change in any
release."""
_ABOUT_ERRORS: Final = """\
All of them derive from `DuologError`. An error has a `message` and a `hint`; `str(error)` shows both. What else
it carries (a stream, a position, the allowed names) are attributes, described in its docstring.

The HTTP column says how `duolog.integrations.fastapi` answers it, see [HTTP](http.md). An error that is raised when
an application is put together or started does not reach a client."""
_ABOUT_THE_COMMAND_LINE: Final = """\
`duolog` comes with the extra `cli`. `duolog COMMAND --help` shows the same with examples.

Exit codes: 0 it was done; 1 the answer is negative, like pending migrations; 2 the arguments or the configuration
are wrong. An error is one line and a hint, on standard error; `duolog --debug COMMAND` shows the traceback as well.
`--json` prints one JSON object a line; the names of its members are stable.

## Shell completion

`duolog --install-completion` adds completion of commands and options to the start-up file of the shell in which it is
typed: bash, zsh, fish or PowerShell. The next shell that you open has it. `duolog --show-completion` prints the script
instead, to be put where you keep such scripts."""

# Which room a name comes from, and what the room is called on the page, in the page's order.
_ROOMS: Final = {
    "application": "The application",
    "messages": "Messages",
    "write": "The write side",
    "scheduling": "Scheduled commands",
    "codec": "Snapshots",
    "projections": "Projections",
    "process_managers": "Reactors and process managers",
    "read": "The read side",
    "tables": "Tables",
    "eventstore": "The log",
    "dispatch": "The pipeline",
    "container": "What can be injected beside ports",
    "clock": "The clock",
    "errors": "Errors",
}
_ERROR_ROOMS: Final = {
    "base": "The base",
    "startup": "At start-up",
    "payloads": "Messages and payloads",
    "commands": "Commands",
    "idempotency": "Idempotency keys",
    "log": "The log",
    "databases": "Databases",
    "queries": "Queries",
    "subscriptions": "Subscriptions",
}
# Names for types that have no class of their own: room and meaning.
_ALIASES: Final = {
    "Call": ("dispatch", "What a middleware wraps and returns: `Callable[[MessageContext], Awaitable[object]]`."),
    "ScheduledId": ("scheduling", "Names a scheduled command: a `UUID`, from `CommandScheduler.schedule`."),
    "ExpectedVersion": ("eventstore", "What an append expects: `NoStream | StreamExists | AnyVersion | Exactly`."),
}


def public_api() -> str:
    """Make the page of everything that `duolog` exports."""
    by_room: dict[str, list[str]] = {room: [] for room in _ROOMS}
    for name in duolog.__all__:
        room = _ALIASES[name][0] if name in _ALIASES else getattr(duolog, name).__module__.split(".")[1]
        by_room[room].append(name)
    return "\n".join(_public_api_lines(by_room))


def _public_api_lines(by_room: Mapping[str, list[str]]) -> Iterator[str]:
    yield from ("# Public API", "", _NOTE, "")
    yield _ABOUT_THE_PUBLIC_API
    for room, names in by_room.items():
        if names:
            yield from ("", f"## {_ROOMS[room]}")
        for name in names:
            yield from ("", f"### `{name}`", "")
            if name in _ALIASES:
                yield _ALIASES[name][1]
                continue
            found = outline(getattr(duolog, name))
            yield found.summary
            if found.signature:
                yield from ("", f"`{found.signature}`")
            if found.members:
                yield ""
            yield from (f"- `{signature}`: {_lowered(summary)}" for signature, summary in found.members.items())
    yield ""


def errors_page() -> str:
    """Make the page of all error classes."""
    return "\n".join(_errors_lines())


def _errors_lines() -> Iterator[str]:
    yield from ("# Errors", "", _NOTE, "")
    yield _ABOUT_ERRORS
    for room, title in _ERROR_ROOMS.items():
        yield from ("", f"## {title}", "", "| error | is a | what it means | hint | HTTP |", "|---|---|---|---|---|")
        yield from map(_error_row, _errors_of(room))
    yield from ("", "`—` as a hint: if there is one, it depends on the case and comes with the error.")
    yield from ("`AggregateNotFoundError` is imported from `duolog`, the others from `duolog.errors`.", "")


def _errors_of(room: str) -> list[type[DuologError]]:
    modules = {cls.__module__: inspect.getmodule(cls) for cls in _all_errors()}
    unknown = {name.rpartition(".")[2] for name in modules} - _ERROR_ROOMS.keys()
    if unknown:
        raise KeyError(unknown)
    order = list(vars(modules[f"duolog.errors.{room}"]))  # as they stand in the source
    found = [cls for cls in _all_errors() if cls.__module__ == f"duolog.errors.{room}"]
    found.sort(key=lambda cls: order.index(cls.__name__))
    return [*found, duolog.AggregateNotFoundError] if room == "commands" else found


def _all_errors() -> list[type[DuologError]]:
    return [cls for cls in vars(errors).values() if inspect.isclass(cls) and issubclass(cls, DuologError)]


def _error_row(cls: type[DuologError]) -> str:
    base = cls.__bases__[0].__name__
    return f"| `{cls.__name__}` | `{base}` | {outline(cls).summary} | {cls.hint or '—'} | {_status(cls)} |"


def _status(cls: type[DuologError]) -> str:
    if issubclass(cls, errors.ConfigurationError):
        return "—"
    kind = next(kind for kind in cls.__mro__ if kind in PROBLEMS)
    problem = PROBLEMS[kind]
    return f"{problem.status} `{problem.name}`"


def command_line_page() -> str:
    """Make the page of the command line."""
    return "\n".join(_command_line_lines())


def _command_line_lines() -> Iterator[str]:
    group: Any = typer.main.get_command(command_line)
    yield from ("# Command line", "", _NOTE, "")
    yield _ABOUT_THE_COMMAND_LINE
    yield from _command_lines("duolog", group, "##")


def _command_lines(path: str, command: Any, level: str) -> Iterator[str]:
    subcommands: Mapping[str, Any] = getattr(command, "commands", {})
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([path, *(_metavar(each) for each in arguments), *(["COMMAND"] if subcommands else [])])
    yield from ("", f"{level} `{usage}`", "")
    yield "\n\n".join(_one_line(part) for part in (command.help or "").split("\n\n"))
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    rows = [each for each in (*arguments, *options) if each.name != "help"]
    if rows:
        yield from ("", "| argument or option | what it is | default | environment |", "|---|---|---|---|")
        yield from (_row(each) for each in rows)
    for name, each in subcommands.items():
        yield from _command_lines(f"{path} {name}", each, "##")
    if path == "duolog":
        yield ""


def _row(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    names = f"`{_metavar(parameter)}`" if is_argument else ", ".join(f"`{name}`" for name in parameter.opts)
    default = parameter.default
    shown = f"`{default}`" if isinstance(default, str | int) and default not in ("", False) else ""
    environment = f"`{parameter.envvar}`" if parameter.envvar else ""
    return f"| {names} | {_one_line(parameter.help or '')} | {shown} | {environment} |"


def _metavar(argument: Any) -> str:
    name: str = (argument.metavar or argument.name.upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/reference/public-api.md": public_api,
    "docs/reference/errors.md": errors_page,
    "docs/reference/command-line.md": command_line_page,
}


def main() -> None:
    """Write all pages."""
    for path, make in PAGES.items():
        (ROOT / path).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
