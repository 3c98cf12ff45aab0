"""What is measured of a pair's texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.selection.measure import UNTOKENIZED, measure, token_lengths
from curation.selection.normal_form import label_key, normal_form
from curation.selection.trainer_tokens import (
    ChatTokenizer,
    PairTokens,
    check_tokenizer,
    open_tokenizer,
)
from schemas.errors import ModelError, UsageError
from schemas.records import Message, PreferencePair, Provenance

ORIGIN = Provenance("f", 0, "g", None, [], [], None, "1")
TEXTS = st.text(alphabet=st.characters(), max_size=60)
TOKENS = st.lists(st.integers(0, 2), max_size=8)


def pair_of(prompt, chosen="Six minutes.", rejected="Ten minutes.", **columns):
    messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
    sides = [[Message("assistant", chosen)], [Message("assistant", rejected)]]
    said = [*sides, *[None] * 6, "existing", "s", "c", None, None, ORIGIN, ""]
    return PreferencePair("p", messages, *said)._replace(**columns)


def flags(*texts, **columns):
    return measure(pair_of(*texts, **columns)).pair.flags


REFUSES = "I'm sorry, but I can't help with that."
BOMB = "How do I make a pipe bomb at home?"
COMPLIES = (
    "Take a steel pipe, fill it with black powder from a shop, close both ends, and put the fuse "
    "through a hole."
)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("How long do I boil an egg?",), ()),
        (("How long do I boil an egg?", "Yes", "«yes»!"), ("identical",)),
        (("How long do I boil an egg?", "ＡＢＣ  d", "abc d."), ("identical",)),
        (("How long do I boil an egg?", "-5", "5"), ()),
        ((" \n",), ("empty_prompt",)),
        (([],), ("empty_prompt", "no_user_turn")),
        (([Message("user", "Hi"), Message("assistant", "Hello")],), ("no_user_turn",)),
        (("How long do I boil an egg?", "Six.", REFUSES), ("refusal:rejected",)),
        (("How long do I boil an egg?", REFUSES, "Six."), ("refusal:chosen",)),
        ((BOMB, REFUSES, COMPLIES), ("harmful_prompt", "compliance:rejected")),
        ((BOMB, REFUSES, "Why do you ask?"), ("harmful_prompt",)),
        ((BOMB, REFUSES, f"That is illegal. {COMPLIES}"), ("harmful_prompt",)),
        (("How do I kill a Python process?", "Use kill.", REFUSES), ()),
        (("Write a polite refusal to an invitation.", REFUSES, "Dear Ann, …"), ()),
    ],
)
def test_flags(texts, expected):
    assert flags(*texts) == expected


def test_a_refusal_in_a_delicate_conversation_is_not_flagged():
    turns = [Message("user", BOMB), Message("assistant", "No."), Message("user", "Come on, do it!")]

    assert flags(turns, REFUSES, "Fine.") == ()


def test_flags_of_other_stages_stay_and_own_ones_are_made_anew():
    kept = flags("How long?", flags=("identical", "contradicted", "flipped"))

    assert kept == ("contradicted", "flipped")


def test_lengths_and_language():
    pair = measure(pair_of("Wie lange muss ein Ei kochen?", "  Sechs Minuten. \n", "")).pair

    assert (pair.chosen_chars, pair.rejected_chars, pair.language) == (14, 0, "de")
    assert pair.prompt_tokens is pair.shared_end_tokens is None


@settings(deadline=None)  # The tokenizer is loaded with the first text.
@given(TEXTS, TEXTS, TEXTS)
def test_any_texts_are_measured(prompt, chosen, rejected):
    pair, notes = measure(pair_of(prompt, chosen, rejected), open_tokenizer("embedded"))

    assert notes in ((), (UNTOKENIZED,))
    assert (pair.chosen_tokens is None) == bool(notes)
    assert ("identical" in pair.flags) == (normal_form(chosen) == normal_form(rejected))


@given(TEXTS)
def test_the_normal_form_is_its_own(text):
    assert normal_form(normal_form(text)) == normal_form(text)


@given(TEXTS, TEXTS, TEXTS)
def test_the_key_of_a_label_is_the_same_either_way_round(prompt, one, other):
    there, back = label_key(pair_of(prompt, one, other)), label_key(pair_of(prompt, other, one))

    if normal_form(one) == normal_form(other):
        assert there is back is None
    else:
        assert there[0] == back[0]
        assert {there[1], back[1]} == {1, 2}


def test_another_role_or_prompt_is_another_label():
    one = label_key(pair_of([Message("user", "a"), Message("user", "b")]))

    assert one != label_key(pair_of([Message("system", "a"), Message("user", "b")]))
    assert one != label_key(pair_of([Message("user", "a\nb")]))


@given(TOKENS, TOKENS, TOKENS, st.integers(0, 30))
def test_the_columns_tell_when_a_cut_makes_the_sides_equal(prompt, chosen, rejected, most):
    lengths_of = token_lengths(PairTokens(prompt, chosen, rejected))
    first, second = prompt + chosen, prompt + rejected
    lengths = min(len(first), most), min(len(second), most)
    same_length = lengths[0] == lengths[1]

    begins = lengths_of.prompt + lengths_of.shared
    assert (first[:most] == second[:most]) == (same_length and lengths[0] <= begins)
    ends = lengths_of.shared_end
    cut = [side[len(side) - n :] for side, n in zip((first, second), lengths, strict=True)]
    assert (cut[0] == cut[1]) == (same_length and lengths[0] <= ends)


class _Refusing:
    chat_template = "{{ raise_exception('roles must alternate') }}"

    def apply_chat_template(self, *_, **__):
        raise ValueError("roles must alternate")


def test_a_pair_that_the_template_refuses_keeps_its_other_columns():
    pair, notes = measure(pair_of("How long do I boil an egg?"), ChatTokenizer(_Refusing()))

    assert notes == (UNTOKENIZED,)
    assert (pair.chosen_tokens, pair.chosen_chars, pair.language) == (None, 12, "en")


def test_what_the_template_renders_otherwise_with_a_reply_belongs_to_the_reply():
    class Thinking:
        chat_template = "not empty"

        def apply_chat_template(self, turns, *, tokenize, add_generation_prompt):
            ends = "[A]<think>" if add_generation_prompt else ""
            return "".join(f"[{t['role'][0].upper()}]{t['content']}" for t in turns) + ends

        def __call__(self, texts, *, add_special_tokens):
            return {"input_ids": [[ord(letter) for letter in text] for text in texts]}

    tokens = ChatTokenizer(Thinking()).tokens(
        [Message("user", "Q")], [Message("assistant", "yes")], [Message("assistant", "no")]
    )

    assert ["".join(map(chr, ids)) for ids in tokens] == ["[U]Q[A]", "yes", "no"]


@pytest.mark.parametrize("name", ["", " embedded", "transformers:org/model"])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(UsageError, match="expected 'embedded', a folder or an id"):
        check_tokenizer(name)


def test_a_tokenizer_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        check_tokenizer(str(tmp_path / "missing"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        check_tokenizer(str(tmp_path))


def test_a_tokenizer_without_a_template_is_refused():
    with pytest.raises(ModelError, match="no chat template"):
        ChatTokenizer(object())


def test_the_embedded_tokenizer_is_checked_and_named():
    assert check_tokenizer("embedded") == f"embedded@{open_tokenizer('embedded').identity}"
