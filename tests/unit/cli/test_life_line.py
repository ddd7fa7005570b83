"""What is said of the caches when an application has stopped."""

import json

import pytest

from duolog.cli.life_line import LifeLine
from duolog.read.caching.figures import CacheFigures

FIGURES = {
    "GetNoteQuery": CacheFigures(memory=900, shared=50, joined=40, queried=10, failures=2),
    "ListNotesQuery": CacheFigures(),
}


def test_people_are_told_how_many_answers_came_from_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each query that was asked."""
    LifeLine("notes").stopped(FIGURES)
    told = "GetNoteQuery: 99.0% of 1,000 answers came from the cache, 2 failures of the shared cache\n"
    assert capsys.readouterr().err == told


def test_programs_are_told_where_answers_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures stand in the line that says the end; without caches it says no more than before."""
    LifeLine("notes", as_json=True).stopped(FIGURES)
    LifeLine("notes", as_json=True).stopped()
    told, plain = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert told["caches"]["GetNoteQuery"]["hit_rate"] == 0.99
    assert set(told["caches"]) == {"GetNoteQuery"}
    assert plain == {"state": "stopped", "application": "notes"}
