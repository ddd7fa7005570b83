"""What `duolog send` makes of files that are broken, large, in other encodings, or not files at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Duolog, Target

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_text(text: str) -> Path:
        (tmp_path / "orders.csv").write_text(text, encoding="utf-8", newline="")
        return tmp_path / "orders.csv"

    return write_text


def notes(duolog: Duolog, url: str) -> list[object]:
    return [json.loads(line)["data"]["note"] for line in duolog("events", url, "--json").lines]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('"Bo', "lines 3 to 5003 cannot be told apart: its quotes are not closed, or are followed by text"),
        (f'"{"x" * 130_000}', "cannot be told apart: a cell has more than 131072 characters"),
        ('"Bo\nnn"x', "lines 3 to 4 cannot be told apart: its quotes are not closed, or are followed by text"),
    ],
)
def test_a_quote_that_swallows_rows_is_found_before_any_row_is_sent(
    duolog: Duolog, target: Target, write: Write, tmp_path: Path, *, broken: str, reason: str
) -> None:
    """Behind it nobody can tell where a row begins, so none is guessed."""
    rows = "".join(f"{number},1,x\n" for number in range(5_000))
    file = write(f"order_id,amount,note\na,1,x\nb,1,{broken}\n{rows}")
    ended = duolog("send", target(), "order.place", str(file))
    assert (ended.code, ended.stdout) == (2, "")
    assert reason in ended.stderr
    assert "Correct the quotes of line 3" in ended.stderr
    assert not (tmp_path / "shop.db").exists()


def test_a_row_with_quotes_that_fit_by_chance_names_its_last_line(duolog: Duolog, target: Target, write: Write) -> None:
    """Its quote is closed by the next one that comes, and the rows between are counted nowhere else."""
    file = write('order_id,amount,note\n1,1,"Bo\n2,1,x\n3,1",y\n4,1,x\n')
    ended = duolog("send", target(), "order.place", str(file))
    assert (ended.code, ended.stdout) == (1, "1 sent, 1 rejected\n")
    assert "line 2: it has 4 cells, the header has 3, and goes on to line 4" in ended.stderr


def test_a_cell_that_is_too_large_breaks_its_own_row_with_its_own_reason(
    duolog: Duolog, target: Target, write: Write, url: str
) -> None:
    """It is not taken for a quote that is not closed."""
    file = write(f"order_id,amount,note\n1,1,{'x' * 140_000}\n2,1,fine\n")
    ended = duolog("send", target(), "order.place", str(file))
    assert (ended.code, ended.stdout) == (1, "1 sent, 1 rejected\n")
    assert "line 2: a cell has more than 131072 characters" in ended.stderr
    assert notes(duolog, url) == ["fine"]


@pytest.mark.parametrize("name", ["orders.csv", "orders.ndjson"])
def test_a_row_in_another_encoding_is_rejected_with_the_encodings_name(
    duolog: Duolog, target: Target, tmp_path: Path, url: str, name: str
) -> None:
    """The rows around it go on."""
    lines = ["order_id,amount,note", "1,5,Köln", "2,7,Bonn"]
    if name == "orders.ndjson":
        lines = ["", '{"order_id":"1","amount":5,"note":"Köln"}', '{"order_id":"2","amount":7,"note":"Bonn"}']
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="cp1252")
    ended = duolog("send", target(), "order.place", str(file))
    assert (ended.code, ended.stdout) == (1, "1 sent, 1 rejected\n")
    assert "line 2: it is not written in utf-8\n" in ended.stderr
    assert notes(duolog, url) == ["Bonn"]
    ended = duolog("send", target(), "order.place", str(file), "--encoding", "cp1252")
    assert ended.stdout == "1 sent, 1 already sent, 0 rejected\n"
    assert notes(duolog, url) == ["Bonn", "Köln"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_the_encoding_that_is_named(
    duolog: Duolog, target: Target, tmp_path: Path, url: str, encoding: str
) -> None:
    """A byte order mark is no part of the first column's name."""
    file = tmp_path / "orders.csv"
    file.write_text("order_id,amount,note\n1,5,Köln\n", encoding=encoding)
    chosen = () if encoding.startswith("utf-8") else ("--encoding", encoding)
    assert duolog("send", target(), "order.place", str(file), *chosen).stdout == "1 sent, 0 rejected\n"
    assert notes(duolog, url) == ["Köln"]


@pytest.mark.parametrize(("written", "read"), [("cp1252", "utf-8"), ("cp1252", "utf-16")])
def test_a_header_in_another_encoding_refuses_the_file(
    duolog: Duolog, target: Target, tmp_path: Path, written: str, read: str
) -> None:
    """The hint names the option."""
    file = tmp_path / "orders.csv"
    file.write_text("order_id,amount,größe\n1,5,1\n", encoding=written)
    ended = duolog("send", target(), "order.place", str(file), "--encoding", read)
    assert (ended.code, ended.stdout) == (2, "")
    assert f"is not written in {read}" in ended.stderr
    assert "--encoding" in ended.stderr


@pytest.mark.parametrize("delimiter", ["\t", "\\t", "tab"])
def test_a_tab_can_be_named(duolog: Duolog, target: Target, write: Write, url: str, delimiter: str) -> None:
    """A shell does not write one easily."""
    file = write("order_id\tamount\tnote\n1\t5\tx\n")
    assert duolog("send", target(), "order.place", str(file), "--delimiter", delimiter).code == 0
    assert notes(duolog, url) == ["x"]


def test_a_pipe_is_refused_by_its_name(duolog: Duolog, target: Target, tmp_path: Path) -> None:
    """It can be read once only, and a row's key is made of the file's name and line."""
    pipe = tmp_path / "orders.csv"
    os.mkfifo(pipe)
    ended = duolog("send", target(), "order.place", str(pipe))
    assert (ended.code, ended.stdout) == (2, "")
    assert "is not a regular file" in ended.stderr


def test_the_report_is_not_written_over_the_rows(duolog: Duolog, target: Target, write: Write, tmp_path: Path) -> None:
    """Not under another name of the same file either."""
    file = write("order_id,amount\n1,-5\n")
    (tmp_path / "link.csv").symlink_to(file)
    for report in (file, tmp_path / "link.csv"):
        ended = duolog("send", target(), "order.place", str(file), "--rejects", str(report))
        assert (ended.code, ended.stdout) == (2, "")
        assert "is the file that is sent" in ended.stderr
    assert file.read_text() == "order_id,amount\n1,-5\n"


def test_a_report_is_replaced_by_the_next_one_only(
    duolog: Duolog, target: Target, write: Write, tmp_path: Path
) -> None:
    """A run that is refused leaves the earlier one as it is."""
    file = write("order_id,amount\n1,-5\n2,-5\n")
    report = tmp_path / "rejects.ndjson"
    arguments = ("order.place", str(file), "--rejects", str(report))
    assert duolog("send", target(), *arguments).code == 1
    before = report.read_text()
    assert before.count("\n") == 2
    for refused in (("--map", "parcel=Nope"), ("--map", "amount=Nope"), ("--id", "Nope"), ("--encoding", "utf-16")):
        assert duolog("send", target(), *arguments, *refused).code == 2
        assert report.read_text() == before
    write("order_id,amount\n1,5\n2,-5\n")
    assert duolog("send", target(), *arguments).code == 1
    assert [json.loads(line)["line"] for line in report.read_text().splitlines()] == [3]
