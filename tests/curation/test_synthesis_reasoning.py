"""Worked solutions go wrong in one place, consistently, and end in another answer."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from curation.synthesis.reasoning import KINDS, ReasoningSettings, corrupted_pairs
from curation.synthesis.reasoning_answer import same_answer
from curation.synthesis.reasoning_solution import parse
from schemas.errors import UsageError
from schemas.ids import conversation_id
from schemas.records import Conversation, Drop, Message

DATA = Path(__file__).parents[1] / "data" / "reasoning"
SOLUTIONS = yaml.safe_load((DATA / "solutions.yaml").read_text())
DECOYS = yaml.safe_load((DATA / "decoys.yaml").read_text())
POSSIBLE = [(case, kind) for case in SOLUTIONS for kind in case["kinds"]]
UNITS = re.compile(r"[a-zA-Z]+(?=[^a-zA-Z0-9]*$)")


def talk(reply, question="How many?"):
    messages = (Message("user", question), Message("assistant", reply))
    place = {"file": "f.jsonl", "position": "3"}
    identity = conversation_id(messages)
    return Conversation(identity, messages, "demo", None, None, None, None, place)


def corrupted(case, kind, seed=0):
    """The one corrupted reply of a kind, or the reason for none."""
    settings = ReasoningSettings((kind,), seed=seed)
    found = corrupted_pairs(talk(case["reply"], case.get("question", "How many?")), settings)
    return found.filter if isinstance(found, Drop) else found[0].rejected[0].content


def last_number(text):
    """The last number of a text, read without the code that is tested."""
    digits = re.findall(r"-?[0-9][0-9.,]*", text)[-1].rstrip(".,")
    comma = re.fullmatch(r"-?[0-9]+,[0-9]{2}", digits)
    return Fraction(digits.replace(",", "." if comma else ""))


def false_sums(text):
    """How many visible sums of two numbers do not hold, read without the code that is tested."""
    plain = re.sub(r"<<[^>]*>>|(?<=[0-9]),(?=[0-9]{3})|[$]", "", text)
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{2}\b)", ".", plain)
    number = r"-?[0-9]+(?:\.[0-9]+)?"
    alone = r"(?<![-+*/0-9.] )(?<![-0-9.(])"
    pattern = rf"{alone}({number}) ?([-+*/×÷]) ?({number}) = ({number})"
    wrong = 0
    for left, operator, right, result in re.findall(pattern, plain):
        a, b = Fraction(left), Fraction(right)
        worth = {"+": a + b, "-": a - b, "*": a * b, "×": a * b}.get(operator)
        worth = a / b if worth is None else worth
        wrong += abs(worth - Fraction(result)) >= Fraction(1, 100) and "%" not in text
    return wrong


@pytest.mark.parametrize("case", SOLUTIONS, ids=lambda case: case["name"])
def test_the_final_answer_is_read_off(case):
    solution = parse(case["reply"])
    assert solution.answer.value == Fraction(case["answer"])
    assert not false_sums(case["reply"])


@pytest.mark.parametrize(("case", "kind"), POSSIBLE, ids=lambda v: v if v in KINDS else v["name"])
def test_a_solution_goes_wrong_once_and_ends_in_another_answer(case, kind):
    for seed in range(5):
        wrong = corrupted(case, kind, seed)
        assert wrong not in ("same_answer", case["reply"])
        if kind == "units":
            assert last_number(wrong) == last_number(case["reply"])
            assert (
                UNITS.search(wrong.rstrip(".{}"))[0] != UNITS.search(case["reply"].rstrip("."))[0]
            )
        else:
            assert last_number(wrong) != last_number(case["reply"])
        assert false_sums(wrong) <= (kind in ("digits", "order"))


@pytest.mark.parametrize("case", SOLUTIONS, ids=lambda case: case["name"])
def test_a_changed_digit_changes_nothing_but_numbers(case):
    for seed in range(5):
        wrong = corrupted(case, "digits", seed)
        if wrong != "same_answer":
            skeletons = [re.sub(r"-?[0-9.,]*[0-9]", "N", text) for text in (wrong, case["reply"])]
            assert skeletons[0] == skeletons[1]
            grouped = [
                bool(re.search(r"[0-9],[0-9]{3}\b", text)) for text in (wrong, case["reply"])
            ]
            assert grouped[0] == grouped[1]


@pytest.mark.parametrize("case", DECOYS, ids=lambda case: case["name"])
def test_what_is_no_worked_solution_is_dropped_with_its_reason(case):
    found = corrupted_pairs(talk(case["reply"]))
    assert isinstance(found, Drop)
    assert found.filter == case["reason"]


def test_dates_versions_list_numbers_and_code_stay_as_they_are():
    case = next(case for case in SOLUTIONS if case["name"] == "many_decoys")
    for seed in range(20):
        wrong = corrupted(case, "digits", seed)
        assert "1. On May 5, 2021 we needed 1" in wrong
        assert "version 2.1.3 (see [3])" in wrong
        assert "seats = 12\nprint(seats * 30)" in wrong


@pytest.mark.parametrize("name", ["numbered", "bold_steps", "kilometers", "many_decoys"])
def test_the_steps_behind_one_that_is_left_out_are_numbered_anew(name):
    case = next(case for case in SOLUTIONS if case["name"] == name)
    for seed in range(6):
        wrong = corrupted(case, "steps", seed)
        numbers = [int(n) for n in re.findall(r"(?m)^(?:\*\*)?(?:Step )?([0-9])[.:]", wrong)]
        whole = len(re.findall(r"(?m)^(?:\*\*)?(?:Step )?([0-9])[.:]", case["reply"]))
        assert numbers == list(range(1, whole))


def test_swapped_steps_keep_their_numbers_and_connectives():
    case = next(case for case in SOLUTIONS if case["name"] == "connectives")
    wrong = {corrupted(case, "order", seed) for seed in range(8)}
    assert (
        "First, we share: 48 / 3 = 16.\nThen, we subtract the eaten ones: 16 - 6 = 10.\n"
        "Finally, we add grandma's: 10 + 5 = 15.\nThe answer is 15." in wrong
    )


def test_of_two_equal_results_only_the_changed_one_is_carried():
    case = next(case for case in SOLUTIONS if case["name"] == "two_equal_results")
    for seed in range(30):
        assert false_sums(corrupted(case, "digits", seed)) <= 1
        assert "$92 + $92" not in corrupted(case, "digits", seed)


def test_a_number_that_stands_in_words_further_on_is_not_changed():
    reply = "He has 4 + 5 = 9 pens. All nine cost 9 * 2 = 18 dollars.\n#### 18"
    for seed in range(20):
        assert "4 + 5 = 9" in corrupted({"reply": reply}, "digits", seed)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The answer is 1.", "The answer is 1.0.", True),
        ("The answer is 1/2.", "The answer is 0.5.", True),
        ("The answer is 50%.", "The answer is 0.5.", True),
        ("The answer is 50%.", "The answer is 50.", False),
        ("The answer is 1 hour.", "The answer is 60 minutes.", True),
        ("The answer is 5 km.", "The answer is 5 kilometers.", True),
        ("The answer is 5 km.", "The answer is 5 miles.", False),
        ("The answer is 5 km.", "The answer is 5.", True),
        ("The answer is 5 square meters.", "The answer is 5 meters.", False),
        ("#### 1,000", r"\boxed{1000}", True),
        (r"\boxed{\frac{3}{4}}", "Answer: 0.75", True),
        ("#### -3", "#### 3", False),
    ],
)
def test_answers_are_compared_by_what_they_are_worth(one, other, same):
    answers = [parse(text).answer for text in (one, other)]
    assert same_answer(*answers) is same


def test_a_pair_names_its_kind_and_where_it_comes_from():
    chat = talk(SOLUTIONS[0]["reply"], SOLUTIONS[0]["question"])
    pairs = corrupted_pairs(chat, ReasoningSettings(max_per_exchange=4))
    assert {pair.rubric for pair in pairs} == {"digits", "steps"}
    for pair in pairs:
        assert (pair.method, pair.conversation_id) == ("reasoning", chat.id)
        assert pair.chosen[0].content == SOLUTIONS[0]["reply"]
        assert (pair.provenance.input, pair.provenance.position) == ("f.jsonl", 3)
        assert pair.provenance.seed is not None


def test_kinds_are_drawn_by_the_seed_and_the_same_way_every_time():
    chats = [talk(case["reply"], case.get("question")) for case in SOLUTIONS]
    one = ReasoningSettings(max_per_exchange=1)
    found = [corrupted_pairs(chat, one) for chat in chats]
    assert found == [corrupted_pairs(chat, one) for chat in chats]
    other = [corrupted_pairs(chat, one._replace(seed=1)) for chat in chats]
    assert found != other
    assert {p[0].rubric for p in found + other if not isinstance(p, Drop)} == set(KINDS)


def test_a_conversation_without_a_reply_and_a_very_long_reply_are_dropped():
    alone = Conversation("c", (Message("user", "Hi"),), "demo", None, None, None, None, {})
    assert corrupted_pairs(alone).filter == "no_exchange"
    assert corrupted_pairs(talk("1 + 1 = 2. " * 40_000)).filter == "too_long"


@pytest.mark.parametrize("piece", ["1 + 1 = 2. ", "1+", "((((", "1,", "\\frac{", "2 x ", "= 3\n",
                                   "answer ", "<<3*", "1. 2 * 3 = 6\n", "**1** "])  # fmt: skip
def test_hostile_repetition_is_worked_through(piece):
    reply = (piece * 6_000)[:5_900] + "\nThe answer is 2."
    found = corrupted_pairs(talk(reply))
    assert isinstance(found, Drop) or found[0].rejected[0].content != reply


@pytest.mark.parametrize("settings", [{"kinds": ("typos",)}, {"kinds": ()}, {"min_steps": 0}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        ReasoningSettings(**settings).check()


PIECES = st.sampled_from(
    ["12", "3", " 48", "7.5", "1,200", "2,50", " + ", " - ", "*", " / ", " = ", "(", ")", "\n", "$",
     "%", " km", " hours", ". ", "#### ", "\\boxed{", "}", "{", "\\frac{", "The answer is ", "So ",
     "1. ", "Step 2: ", "<<", ">>", "`", "x", "eggs ", "\\times ", "May 5, 2021", "0", "-", "٣"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200), st.integers(0, 3))
def test_any_reply_gives_pairs_with_another_answer_or_a_drop(reply, seed):
    found = corrupted_pairs(talk(reply), ReasoningSettings(max_per_exchange=4, seed=seed))
    if isinstance(found, Drop):
        return
    right = parse(reply).answer
    for pair in found:
        wrong = parse(pair.rejected[0].content).answer
        assert not same_answer(right, wrong)
        assert not same_answer(wrong, right)


@st.composite
def solutions(draw):
    """A chain of calculations, each with the result of the one before."""
    value = draw(st.integers(10, 500))
    lines = []
    for _ in range(draw(st.integers(2, 5))):
        operator = draw(st.sampled_from("+-*"))
        other = draw(st.integers(2, 9) if operator == "*" else st.integers(1, value))
        result = {"+": value + other, "-": value - other, "*": value * other}[operator]
        lines.append(f"Then it is {value} {operator} {other} = {result}.")
        value = result
        if not value:
            break
    assume(len(lines) > 1)
    return "\n".join([*lines, f"#### {value}"])


@given(solutions(), st.integers(0, 5))
def test_a_calculated_solution_gives_an_error_that_is_carried_through(reply, seed):
    found = corrupted_pairs(talk(reply), ReasoningSettings(max_per_exchange=4, seed=seed))
    if isinstance(found, Drop):
        assert found.filter == "same_answer"
        return
    for pair in found:
        wrong = pair.rejected[0].content
        assert last_number(wrong) != last_number(reply)
        assert false_sums(wrong) <= (pair.rubric == "digits")
        # Every result is taken up by the next step, but where the error is a slip in copying.
        results = re.findall(r"= ([0-9.]+)\.\n", wrong)
        taken = [*re.findall(r"is ([0-9.]+) ", wrong)[1:], str(last_number(wrong))]
        slips = sum(Fraction(a) != Fraction(b) for a, b in zip(results, taken, strict=True))
        assert slips + false_sums(wrong) <= 1
