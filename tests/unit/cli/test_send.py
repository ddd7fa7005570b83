import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Duolog, Target

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_lines(name: str, *lines: str) -> str:
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
        return str(tmp_path / name)

    return write_lines


def recorded(duolog: Duolog, url: str) -> list[tuple[str, object]]:
    events = [json.loads(line) for line in duolog("events", url, "--json").lines]
    return [(event["stream"], event["data"].get("amount")) for event in events]


def test_each_csv_row_is_sent_as_a_command(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    file = write("orders.csv", "order_id,amount,note,colour", "1,5,,red", '2,7,"two\nlines",blue')
    ended = duolog("send", target(), "order.place", file)
    assert (ended.code, ended.stdout) == (0, "2 sent, 0 rejected\n")
    events = [json.loads(line)["data"] for line in duolog("events", url, "--json").lines]
    assert events == [
        {"order_id": "1", "amount": 5, "note": None},
        {"order_id": "2", "amount": 7, "note": "two\nlines"},
    ]


def test_columns_are_mapped_and_constants_set(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    file = write("old.csv", "case:nr;kind", "1;a", "2;b")
    arguments = ("--map", "order_id=case:nr", "--set", "amount=3", "--delimiter", ";")
    assert duolog("send", target(), "order.place", file, *arguments).code == 0
    assert recorded(duolog, url) == [("order-1", 3), ("order-2", 3)]


def test_each_ndjson_line_is_sent_as_a_command(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    file = write("orders.ndjson", '{"order_id":"1","amount":5}', "", '{"order_id":"2","amount":7,"more":[]}')
    ended = duolog("send", target(), "order.place", file, "--json")
    assert json.loads(ended.stdout) == {
        "file": file,
        "command": "order.place",
        "sent": 2,
        "already_sent": 0,
        "rejected": 0,
        "stopped": False,
    }
    assert recorded(duolog, url) == [("order-1", 5), ("order-2", 7)]


def test_rejected_rows_are_reported_and_the_others_go_on(
    duolog: Duolog, target: Target, write: Write, url: str, tmp_path: Path
) -> None:
    file = write("orders.csv", "order_id,amount", "1,5", "2,many", "3,-1", "4", '"5"x,1', "6,6")
    report = tmp_path / "rejects.ndjson"
    ended = duolog("send", target(), "order.place", file, "--rejects", str(report))
    assert (ended.code, ended.stdout) == (1, "2 sent, 4 rejected\n")
    assert recorded(duolog, url) == [("order-1", 5), ("order-6", 6)]
    rejected = {
        each["line"]: (each["error"], each["reason"]) for each in map(json.loads, report.read_text().splitlines())
    }
    assert rejected == {
        3: ("", "Expected `int`, got `str` - at `$.amount`"),
        4: ("OrderError", "an amount is 0 or more"),
        5: ("", "it has 1 cells, the header has 2"),
        6: ("", "its quotes are not closed, or are followed by text"),
    }


def test_without_a_report_rejected_rows_are_lines(duolog: Duolog, target: Target, write: Write) -> None:
    file = write("orders.ndjson", "[1]", '{"order_id":"1","amount":"5"}')
    ended = duolog("send", target(), "order.place", file)
    assert ended.code == 1
    assert "line 1: it is not a JSON object" in ended.stderr
    assert "line 2: Expected `int`, got `str` - at `$.amount`" in ended.stderr


def test_rows_of_one_key_keep_their_order(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    rows = [f"{number % 5},{number}" for number in range(100)]
    file = write("orders.csv", "order_id,amount", *rows)
    ended = duolog("send", target(), "order.place", file, "--key", "order_id", "--concurrency", "8")
    assert (ended.code, ended.stdout) == (0, "100 sent, 0 rejected\n")
    for order in range(5):
        amounts = [amount for stream, amount in recorded(duolog, url) if stream == f"order-{order}"]
        assert amounts == list(range(order, 100, 5))


def test_a_file_that_is_sent_twice_is_recorded_once(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    arguments = ("order.place", write("orders of März.csv", "order_id,amount", "1,5", "1,6", "2,7"))
    assert duolog("send", target(), *arguments).stdout == "3 sent, 0 rejected\n"
    assert duolog("send", target(), *arguments).stdout == "0 sent, 3 already sent, 0 rejected\n"
    assert json.loads(duolog("send", target(), *arguments, "--json").stdout)["already_sent"] == 3
    assert recorded(duolog, url) == [("order-1", 5), ("order-1", 6), ("order-2", 7)]


def test_corrected_and_further_rows_are_sent_alone(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    assert duolog("send", target(), "order.place", write("orders.csv", "order_id,amount", "1,5", "2,-7")).code == 1
    file = write("orders.csv", "order_id,amount", "1,5", "2,7", "3,6")
    assert duolog("send", target(), "order.place", file).stdout == "2 sent, 1 already sent, 0 rejected\n"
    assert recorded(duolog, url) == [("order-1", 5), ("order-2", 7), ("order-3", 6)]


def test_rows_with_ids_of_their_own_are_known_in_any_file(
    duolog: Duolog, target: Target, write: Write, url: str
) -> None:
    arguments = ("--id", "nr")
    first = write("monday.csv", "nr,order_id,amount", "a b,1,5", f"{'ü' * 300},2,6")
    assert duolog("send", target(), "order.place", first, *arguments).stdout == "2 sent, 0 rejected\n"
    second = write("tuesday.csv", "nr,order_id,amount", "c,3,7", f"{'ü' * 300},2,6", "a b,1,8")
    ended = duolog("send", target(), "order.place", second, *arguments)
    assert (ended.code, ended.stdout) == (1, "1 sent, 1 already sent, 1 rejected\n")
    assert "line 4: IdempotencyKeyReusedError: this idempotency key was used for another command" in ended.stderr
    assert recorded(duolog, url) == [("order-1", 5), ("order-2", 6), ("order-3", 7)]


def test_projections_run_if_asked(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    file = write("orders.csv", "order_id,amount", "1,5", "2,6")
    assert duolog("send", target(), "order.place", file, "--projections").code == 0
    assert json.loads(duolog("projections", "status", url, "--json").stdout)["lag"] == 0


def test_the_actor_is_recorded(duolog: Duolog, target: Target, write: Write, url: str) -> None:
    file = write("orders.csv", "order_id,amount", "1,5")
    assert duolog("send", target(), "order.place", file, "--actor", "importer", "--tenant", "acme").code == 0
    event = json.loads(duolog("events", url, "--json").stdout)
    assert (event["metadata"]["actor"], event["tenant"]) == ("importer", "acme")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("order.gone", "orders.csv"), "Named commands: order.place, order.ship."),
        (("order.place", "orders.csv", "--map", "nothing=a"), "has no field 'nothing'"),
        (("order.place", "orders.csv", "--map", "note=remark"), "needs the column 'remark', which is missing"),
        (("order.place", "orders.csv", "--map", "amount=amount", "--set", "amount=1"), "both a column and a constant"),
        (("order.place", "orders.csv", "--id", "nr"), "the id column 'nr' is missing"),
        (("order.place", "orders.csv", "--delimiter", ";;"), "';;' cannot stand between cells"),
        (("order.place", "orders.csv", "--delimiter", ""), "'' cannot stand between cells"),
        (("order.place", "orders.csv", "--delimiter", '"'), "cannot stand between cells"),
        (("order.place", "orders.csv", "--encoding", "utf-9"), "there is no text encoding 'utf-9'"),
        (("order.place", "orders.csv", "--encoding", "rot13"), "there is no text encoding 'rot13'"),
        (("order.place", "orders.csv", "--rejects", "/nowhere/rejects.ndjson"), "cannot be opened"),
        (("order.place", ".", "--format", "csv"), "is not a regular file"),
        (("order.place", "orders.csv", "--set", "amount=many"), "the constant for field 'amount'"),
        (("order.place", "orders.csv", "--set", "amount"), "is not of the form FIELD=..."),
        (("order.place", "orders.csv", "--key", "nothing"), "has no field 'nothing' to keep rows in order by"),
        (("order.place", "orders.txt"), "Give --format csv"),
        (("order.place", "none.csv"), "cannot be opened"),
    ],
)
def test_wrong_arguments_send_nothing(
    duolog: Duolog, target: Target, write: Write, tmp_path: Path, *, arguments: tuple[str, ...], message: str
) -> None:
    write("orders.csv", "order_id,amount", "1,5")
    write("orders.txt", "order_id,amount", "1,5")
    name, file, *rest = arguments
    ended = duolog("send", target(), name, str(tmp_path / file), *rest)
    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert not (tmp_path / "shop.db").exists()
