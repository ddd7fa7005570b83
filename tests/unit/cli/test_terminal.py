import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from duolog.cli.terminal import printable, shortened


@given(st.text(st.characters()))
def test_nothing_printable_is_a_control_or_changes_direction(text: str) -> None:
    shown = printable(text)
    assert not [sign for sign in shown if unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"}]
    assert not [sign for sign in shown if unicodedata.bidirectional(sign) in {"RLO", "LRO", "RLE", "LRE", "PDF"}]


@given(st.text())
def test_escaping_json_text_does_not_change_what_it_says(text: str) -> None:
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


@given(st.text(), st.integers(1, 40))
def test_a_shortened_text_fits(text: str, cells: int) -> None:
    assert cell_len(shortened(printable(text), cells)) <= cells


def test_a_text_that_fits_is_left_alone() -> None:
    assert shortened("語語", 4) == "語語"
    assert shortened("語語語", 4) == "語…"
