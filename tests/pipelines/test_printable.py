"""Text of unknown origin on a terminal: shown in full, steering nothing."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.printable import plain, printable


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text):
    kept = set("\n\t\u200c\u200d")
    left = {unicodedata.category(c) for c in printable(text) if c not in kept}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(alphabet="aä猫🙂 \n[]/\\"))
def test_ordinary_text_is_unchanged(text):
    assert printable(text) == plain(text).plain == text


def test_a_text_without_end_is_cut():
    assert printable("x" * 10_000_000, limit=5) == "xxxxx…"
