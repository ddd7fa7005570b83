"""`duolog check`: an application's code against the rules of the house."""

from typing import Final

import typer

from duolog.admin.checks.all_rules import RULES, check_application
from duolog.application.structure import structure_of
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, read_application
from duolog.cli.terminal import printable

EXAMPLES: Final = examples(
    ("duolog check shop.main:api", "in CI: exit code 1 with findings"),
    ("duolog check shop.main:api --json | jq 'select(.rule) | .place'", "for an editor"),
)
_FOUND: Final = 1


def check(target: TargetArgument, *, as_json: JsonOption = False) -> None:
    """Check names, shapes, queries that can write, entities that leave, events and secrets.

    Nothing runs: the application is imported and its constructors are read. It needs no DUOLOG_SECRET. With --json the
    last line has the counts.

    A finding that is meant is taken out by a comment on the line of the class, or of the field, with its reason:
    `# duolog: allow RULE - reason`.

    Exit code 1 with findings.
    """
    structure = structure_of(read_application(target))
    findings = check_application(structure)
    for each in findings:
        if as_json:
            echo_json(each)
        else:
            typer.echo(printable(f"{each.place}: {each.rule}: {each.subject}: {each.message}"))
            typer.echo(f"  hint: {printable(each.advice)}")
    if as_json:
        echo_json({"handlers": len(structure.bindings), "rules": list(RULES), "findings": len(findings)})
    if findings:
        typer.echo("1 finding" if len(findings) == 1 else f"{len(findings)} findings", err=True)
        raise typer.Exit(_FOUND)
    if not as_json:
        typer.echo(f"{len(structure.bindings)} handlers keep {len(RULES)} rules: {', '.join(RULES)}")
