"""Several responses to a prompt: one sample file for each format, then rows that are none."""

import json
from pathlib import Path

import pytest
from formats_rows import parse

from curation.formats import CANDIDATE_FORMATS, KINDS, Context, parse_row
from curation.formats.candidate_sets import MAX_RESPONSES, MAX_SCORES
from curation.reading import plan_shards, read_rows
from schemas.ids import conversation_id
from schemas.records import Message, Reject
from schemas.validate import validate

DATA = Path(__file__).parents[1] / "data" / "candidates"


def sample(name):
    """All candidate sets of a sample file, checked against their schema."""
    path = DATA / f"{name}.jsonl"
    (shard,) = plan_shards(str(path), path.stat().st_size)
    found = [parse_row(row, Context(path.name, kind="candidates")) for row in read_rows(shard)]
    assert not [reject for reject in found if isinstance(reject, Reject)]
    return [validate(record) for (record,) in found]


def read(value, **context):
    return parse(value, kind="candidates", **context)


def scores(response):
    return {score.name: score.value for score in response.scores}


def test_ultrafeedback_is_read_with_every_completion_and_rating() -> None:
    first, second = sample("ultrafeedback_full")
    assert first.prompt == (Message("user", "Name a river in Europe."),)
    assert [r.model for r in first.responses] == ["alpaca-7b", "gpt-4", "bard", "starchat"]
    assert first.responses[0].scores[0] == ("fine-grained_score", 1.25)
    assert scores(first.responses[1]) == {
        "fine-grained_score": 4.75, "overall_score": 9.0, "helpfulness": 4.0,
        "instruction_following": 5.0, "truthfulness": 5.0,
    }  # fmt: skip
    assert first.source == "ultrafeedback_full"
    assert second.prompt == (Message("user", "\n\nHuman: hi\n\nAssistant:"),)
    assert [r.text for r in second.responses][1] == '["not a list"]'
    assert list(scores(second.responses[0])) == [
        "overall_score", "helpfulness", "instruction_following",
    ]  # fmt: skip


def test_candidates_are_read_in_each_way_of_writing_them() -> None:
    objects, messages, texts = sample("candidates")
    assert [r.text for r in objects.responses][1:] == [
        "It depends on what you mean by a colour.", "Blue.",
    ]  # fmt: skip
    assert [scores(r) for r in objects.responses] == [{"score": 4.5}, {"score": 1.0}, {}]
    assert [role for role, _ in messages.prompt] == ["system", "user", "assistant", "user"]
    german, english = messages.responses
    assert (german.log_probability, german.tokens) == (-3.25, 3)
    assert list(scores(german)) == ["accuracy", "style"]
    assert scores(english) == {"accuracy": 5.0}
    assert texts.prompt == (Message("user", "Name a colour."),)
    assert [scores(r) for r in texts.responses] == [{"score": 3.0}, {"score": 2.5}, {}]


def test_a_set_says_where_it_comes_from_and_has_one_id_in_any_order() -> None:
    row = {"prompt": "hi", "responses": ["a", "b", "c"]}
    (found,) = read(row, source="mine")
    (turned,) = read({**row, "responses": ["c", "a", "b"]})
    (other,) = read({**row, "responses": ["c", "a", "x"]})
    assert found.id == turned.id != other.id
    assert found.source == "mine"
    assert found.provenance.group == conversation_id(found.prompt)
    assert (found.provenance.input, found.provenance.position) == ("f.jsonl", 7)


def test_a_table_may_hold_the_lists_as_json_text() -> None:
    said = json.dumps(["yes", "no"])
    (found,) = read({"prompt": "hi", "responses": said, "scores": "[1, 2]"})
    assert [(r.text, scores(r)) for r in found.responses] == [
        ("yes", {"score": 1.0}), ("no", {"score": 2.0}),
    ]  # fmt: skip


def test_the_score_of_a_response_goes_before_the_list_beside() -> None:
    said = [{"text": "a", "score": 1, "scores": {"score": 9, "b": 2}}, {"text": "b", "score": None}]
    (found,) = read({"prompt": "hi", "responses": said, "scores": [5, 6]})
    assert [scores(r) for r in found.responses] == [{"score": 1.0, "b": 2.0}, {"score": 6.0}]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("missing", [None, NAN, "", "N/A", " null ", "None", "nan"])
def test_a_score_that_is_missing_is_left_out(missing) -> None:
    (found,) = read({"prompt": "hi", "responses": ["a", "b"], "scores": [missing, 2]})
    assert [scores(r) for r in found.responses] == [{}, {"score": 2.0}]


def with_first(**fields):
    return {"prompt": "hi", "responses": [{"text": "a", **fields}, "b"]}


UF = {"instruction": "hi", "completions": [{"response": "a"}, {"response": "b"}]}


@pytest.mark.parametrize(
    ("value", "reason", "where"),
    [
        ({"prompt": "hi", "responses": []}, "too_few_responses", "responses: 0 of"),
        ({"prompt": "hi", "responses": ["a"]}, "too_few_responses", "responses: 1 of"),
        ({"prompt": "hi", "responses": ["a"] * (MAX_RESPONSES + 1)}, "too_many_responses", "1,001"),
        ({"prompt": "hi", "responses": "a"}, "wrong_type", "responses: expected a list, got str"),
        ({"prompt": "hi", "responses": None}, "wrong_type", "NoneType"),
        ({"prompt": "hi", "responses": ["a", 1]}, "wrong_type", "responses[1]"),
        ({"prompt": "hi", "responses": ["a", {"model": "m"}]}, "wrong_type", "responses[1].text"),
        ({"prompt": "hi", "responses": ["a", "x" * 101]}, "turn_too_long", "responses[1]: 101"),
        ({"prompt": "hi", "responses": ["a\0", "b"]}, "nul_byte", "responses[0]"),
        ({"prompt": "hi", "responses": ["a", {"content": "\ud800"}]}, "lone_surrogate",
         "responses[1].content"),
        ({"prompt": "hi", "responses": ["a", "b"], "scores": [1]}, "wrong_length", "1 of 2"),
        ({"prompt": "hi", "responses": ["a", "b"], "scores": 1}, "wrong_type", "scores"),
        ({"prompt": "hi", "responses": ["a", "b"], "scores": [1, INF]}, "wrong_value",
         "responses[1].score: expected a finite number, got inf"),
        ({"prompt": "hi", "responses": ["a", "b"], "scores": [True, 1]}, "wrong_value", "True"),
        ({"prompt": "hi", "responses": ["a", "b"], "scores": ["good", 1]}, "wrong_value", "good"),
        (with_first(score=10**400), "wrong_value", "responses[0].score"),
        (with_first(score=[1]), "wrong_value", "responses[0].score"),
        (with_first(scores=[1]), "wrong_type", "responses[0].scores"),
        (with_first(scores={"a": -INF}), "wrong_value", "responses[0].scores.a"),
        (with_first(scores={"": 1}), "wrong_value", "name of a score"),
        (with_first(scores={"x" * 300: 1}), "wrong_value", "name of a score"),
        (with_first(scores={f"s{i}": i for i in range(MAX_SCORES + 1)}), "too_many_scores", "101"),
        (with_first(log_probability=0.5), "wrong_value", "responses[0].log_probability"),
        (with_first(log_probability="x"), "wrong_value", "responses[0].log_probability"),
        (with_first(tokens=1.5), "wrong_value", "responses[0].tokens"),
        (with_first(tokens=-1), "wrong_value", "responses[0].tokens"),
        (with_first(tokens=2**63), "wrong_value", "responses[0].tokens"),
        ({"prompt": " ", "responses": ["a", "b"]}, "empty_prompt", "no text"),
        ({"prompt": [], "responses": ["a", "b"]}, "no_user_turn", "prompt"),
        ({"prompt": 1, "responses": ["a", "b"]}, "wrong_type", "prompt"),
        ({"prompt": "x" * 101, "responses": ["a", "b"]}, "turn_too_long", "prompt"),
        ({"prompt": "hi", "system": "\0", "responses": ["a", "b"]}, "nul_byte", "system"),
        ({**UF, "instruction": None}, "wrong_type", "instruction"),
        ({**UF, "instruction": "\n"}, "empty_prompt", "no text"),
        ({**UF, "completions": {}}, "wrong_type", "completions"),
        ({**UF, "completions": [UF, 3]}, "wrong_type", "completions[0].response"),
        ({**UF, "completions": [{"response": "a"}, 3]}, "wrong_type", "completions[1]"),
        ({**UF, "completions": [{"response": "a", "overall_score": "9/10"}] * 2}, "wrong_value",
         "completions[0].overall_score"),
        ({**UF, "completions": [{"response": "a", "annotations": []}] * 2}, "wrong_type",
         "completions[0].annotations"),
        ({**UF, "completions": [{"response": "a", "annotations": {"art": {"Rating": "x"}}}] * 2},
         "wrong_value", "completions[0].annotations.art"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_candidate_set_is_a_reject_with_its_place(value, reason, where) -> None:
    reject = read(value, max_turn_chars=100)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.position) == (reason, 7)
    assert where in reject.detail


PAIR = {"prompt": "hi", "chosen": "yes", "rejected": "no"}
CHAT = {"messages": [{"role": "user", "content": "hi"}]}
SET = {"prompt": "hi", "responses": ["a", "b"]}
POST = {"title": "Hops", "text": "Flowers."}


@pytest.mark.parametrize(
    ("value", "kind", "advice"),
    [
        (PAIR, "candidates", "sources.pairs"),
        (CHAT, "candidates", "sources.conversations"),
        (POST, "candidates", "sources.documents"),
        (SET, "records", "sources.candidates"),
        (UF, "records", "sources.candidates"),
        (SET, "documents", "sources.candidates"),
        (PAIR, "documents", "sources.pairs"),
    ],
)
def test_a_row_of_another_kind_is_told_where_it_belongs(value, kind, advice) -> None:
    assert kind in KINDS
    reject = parse(value, kind=kind)
    assert reject.reason == "wrong_kind"
    assert advice in reject.detail


def test_a_named_format_refuses_the_rows_of_the_other() -> None:
    assert list(CANDIDATE_FORMATS) == ["ultrafeedback_full", "candidates"]
    assert read(SET, format="ultrafeedback_full").reason == "wrong_format"
    assert read(UF, format="candidates").reason == "wrong_format"
    assert read({"title": "hi"}).reason == "unknown_format"
