"""The `openai` backend against a real server: samples, guides, prompts and untrusted answers."""

import json

import misbehaving_server as bad
import pytest
from misbehaving_server import answer, reply, status

from curation.models.backoff import Backoff
from curation.models.chat import PromptTooLongError
from curation.models.openai_model import OpenAIModel
from curation.models.protocols import GenerationRequest, Guide
from schemas.errors import ModelError
from schemas.records import Message

SCHEMA = '{"type": "object", "properties": {"score": {"type": "integer"}}}'


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = bad.MisbehavingServer()
    yield running
    running.close()


@pytest.fixture
def model(server):
    opened = OpenAIModel(server.url, "m", max_attempts=2, timeout=20, backoff=Backoff(first=0.001))
    yield opened
    opened.close()


def ask(text="hi", **settings):
    return GenerationRequest([Message("user", text)], **({"seed": 1} | settings))


def talk(turns, length=60):
    roles = ["user", "assistant"]
    return [Message(roles[i % 2], f"{i} ".ljust(length, "x")) for i in range(turns)]


def tokens(*pairs):
    return {"content": [{"token": token, "logprob": value} for token, value in pairs]}


# Samples


@pytest.mark.parametrize("given", [1, 2, 4])
def test_samples_that_a_server_did_not_give_are_asked_for_with_seeds_of_their_own(
    server, model, given
):
    server.script = [answer(choices=given)] * 9
    (samples,) = model.generate([ask(n=5)])
    assert len({sample.text for sample in samples}) == 5
    assert [seen.body.get("n", 1) for seen in server.seen] == list(range(5, 0, -given))
    assert len({seen.body["seed"] for seen in server.seen}) == len(server.seen)


def test_samples_that_nobody_asked_for_are_left_out(server, model):
    server.script = [answer("a", "b", "c")]
    assert [sample.text for sample in model.generate([ask(n=2)])[0]] == ["a", "b"]


@pytest.mark.parametrize("seed", [0, -1, -(2**70), 2**31 - 1, 2**63 - 1, 2**80])
def test_every_seed_is_sent_in_a_range_that_all_servers_take(server, model, seed):
    server.script = [answer(choices=1)] * 2
    model.generate([ask(seed=seed, n=2)])
    assert all(0 <= seen.body["seed"] < 2**31 - 1 for seen in server.seen)


def test_a_server_that_refuses_n_is_asked_for_one_sample_at_a_time(server, model):
    server.script = [status(400, "n must be 1", param="n")]
    assert len({sample.text for sample in model.generate([ask(n=3)])[0]}) == 3
    model.generate([ask(n=2)])
    assert ["n" in seen.body for seen in server.seen] == [True, *[False] * 5]


def test_a_server_that_wants_the_newer_name_of_the_limit_is_given_it_from_then_on(server, model):
    words = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    server.script = [status(400, words, param="max_tokens", code="unsupported_parameter")]
    model.generate([ask("a", max_new_tokens=5)])
    model.generate([ask("b", max_new_tokens=6)])
    limits = [
        {name: value for name, value in seen.body.items() if name.startswith("max")}
        for seen in server.seen
    ]
    assert limits == [
        {"max_tokens": 5},
        {"max_completion_tokens": 5},
        {"max_completion_tokens": 6},
    ]


@pytest.mark.parametrize("code", [400, 403, 422])
def test_a_server_that_refuses_log_probabilities_is_not_asked_for_them(server, model, code):
    server.script = [status(code, "You are not allowed to request logprobs from this model")]
    assert model.generate([ask()])[0][0].log_probability is None
    assert ["logprobs" in seen.body for seen in server.seen] == [True, False]


# Log-probabilities, ends and counts


def test_the_log_probability_is_the_sum_over_the_reply_and_its_end(server, model):
    entries = tokens(("Hel", -1.0), ("lo", -0.5), ("<|im_end|>", -0.25))
    server.script = [answer("Hello", logprobs=entries)]
    assert model.generate([ask()])[0][0].log_probability == -1.75


def test_the_log_probability_of_a_reply_that_was_cut_off_has_no_end(server, model):
    entries = tokens(("Hel", -1.0), ("lo", -0.5))
    server.script = [answer("Hello", finish_reason="length", logprobs=entries)]
    completion = model.generate([ask()])[0][0]
    assert (completion.log_probability, completion.finish_reason) == (-1.5, "length")


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        "many",
        {"content": None},
        {"content": []},
        {"content": [None]},
        tokens(("Hel", -1.0), ("lo", -0.5)),
        tokens(("Hello", None), ("<end>", -1.0)),
        tokens(("Hello", "-1"), ("<end>", -1.0)),
        tokens(("Hello", 3.0), ("<end>", -1.0)),
        tokens(("Hello", -9999.0), ("<end>", -1.0)),
        tokens(("Hello", -1.0), (None, -1.0)),
    ],
)
def test_there_is_no_log_probability_where_the_server_does_not_tell_all_of_it(
    server, model, logprobs
):
    server.script = [answer("Hello", logprobs=logprobs)]
    assert model.generate([ask()])[0][0].log_probability is None


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", "function_call", None, 7])
def test_a_reply_that_ended_otherwise_is_an_error_of_its_request(server, model, reason):
    server.script = [answer("half", finish_reason=reason)]
    with pytest.raises(ModelError, match=f"ended by '{reason}'"):
        model.generate([ask()])
    assert len(server.seen) == 1


def test_a_refusal_is_an_error_of_its_request(server, model):
    message = {"content": None, "refusal": "I cannot help with that"}
    server.script = [answer("", message=message)]
    with pytest.raises(ModelError, match="the model refused"):
        model.generate([ask()])


def test_a_model_that_only_thought_has_not_answered(server, model):
    message = {"content": None, "reasoning_content": "Let me see"}
    server.script = [answer("", finish_reason="length", message=message)]
    with pytest.raises(ModelError, match="to think"):
        model.generate([ask()])


def test_a_model_that_ends_its_turn_at_once_has_written_an_empty_reply(server, model):
    server.script = [answer("", message={"content": None})]
    assert model.generate([ask()])[0][0].text == ""


def test_the_tokens_are_those_that_the_server_counts(server, model):
    server.script = [answer("a", "b", "c")]
    completions = model.generate([ask(n=3)])[0]
    assert [(c.prompt_tokens, c.new_tokens) for c in completions] == [(11, 3)] * 3


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "9", "completion_tokens": -1}])
def test_there_are_no_tokens_where_the_server_does_not_count(server, model, usage):
    choice = {"message": {"content": "a"}, "finish_reason": "stop"}
    server.script = [reply({"choices": [choice], "usage": usage})]
    completion = model.generate([ask()])[0][0]
    assert (completion.prompt_tokens, completion.new_tokens) == (0, 0)


# Guides


def test_vllm_is_held_to_choices_and_schemas_by_its_own_field(server, model):
    server.owner = "vllm"
    server.script = [answer("B"), answer('{"score": 1}')]
    (choice,) = model.generate([ask(guide=Guide(choices=("A", "B")))])
    (document,) = model.generate([ask(guide=Guide(json_schema=SCHEMA))])
    assert (choice[0].text, document[0].text) == ("B", '{"score": 1}')
    assert [seen.body["structured_outputs"] for seen in server.seen] == [
        {"choice": ["A", "B"]},
        {"json": json.loads(SCHEMA)},
    ]


def test_another_server_is_held_to_choices_by_a_schema_and_the_choice_is_the_reply(server, model):
    server.script = [answer('{"answer": "B"}', logprobs=tokens(("x", -1.0), ("<end>", -1.0)))]
    (completions,) = model.generate([ask(guide=Guide(choices=("A", "B")), max_new_tokens=2)])
    assert (completions[0].text, completions[0].log_probability) == ("B", None)
    schema = server.seen[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == ["A", "B"]
    assert server.seen[0].body["max_tokens"] > 2


def test_another_server_is_held_to_a_schema_by_its_response_format(server, model):
    server.script = [answer('{"score": 1}')]
    model.generate([ask(guide=Guide(json_schema=SCHEMA))])
    response_format = server.seen[0].body["response_format"]
    assert response_format["type"] == "json_schema"
    assert response_format["json_schema"]["schema"] == json.loads(SCHEMA)


@pytest.mark.parametrize("owner", ["vllm", "somebody"])
@pytest.mark.parametrize(
    ("guide", "said"),
    [
        (Guide(choices=("A", "B")), "A."),
        (Guide(choices=("A", "B")), "a"),
        (Guide(choices=("A", "B")), ""),
        (Guide(choices=("A", "B")), '{"answer": "C"}'),
        (Guide(choices=("A", "B")), '{"answer": ["A"]}'),
        (Guide(choices=("A", "B")), '{"answer": "A", "why": "B"}'),
        (Guide(json_schema=SCHEMA), 'Sure: {"score": 1}'),
        (Guide(json_schema=SCHEMA), '```json\n{"score": 1}\n```'),
        (Guide(json_schema=SCHEMA), "[" * 5000),
    ],
)
def test_an_answer_that_ignores_its_guide_is_an_error_and_is_not_repaired(
    server, model, owner, guide, said
):
    server.owner = owner
    server.script = [answer(said)]
    with pytest.raises(ModelError, match="does not have the form asked for"):
        model.generate([ask(guide=guide)])
    assert len(server.seen) == 1


def test_a_document_that_was_cut_off_says_so(server, model):
    server.script = [answer('{"score": ', finish_reason="length")]
    [[cut]] = model.generate([ask(guide=Guide(json_schema=SCHEMA))])
    assert (cut.text, cut.finish_reason) == ('{"score": ', "length")


def test_a_choice_that_was_cut_off_is_an_error_that_says_so(server, model):
    server.script = [answer('{"answer": "ye', finish_reason="length")]
    with pytest.raises(ModelError, match="it was cut off"):
        model.generate([ask(guide=Guide(("yes", "no")))])


def test_a_schema_that_is_no_json_is_an_error_before_anything_is_asked(server, model):
    with pytest.raises(ModelError, match="schema is not JSON"):
        model.generate([ask(guide=Guide(json_schema="{"))])
    assert server.seen == []


# Prompts


def test_older_messages_are_left_out_whole_until_the_estimate_fits(server, model):
    messages = [Message("system", "Be kind."), *talk(9)]
    request = GenerationRequest(messages, seed=1, max_prompt_tokens=120)
    completion = model.generate([request])[0][0]
    sent = server.seen[0].body["messages"]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user"]
    assert sent[1:] == [m._asdict() for m in messages[-3:]]
    assert completion.cut_messages == 6


def test_a_prompt_that_fits_is_sent_whole(server, model):
    assert model.generate([GenerationRequest(talk(9), seed=1)])[0][0].cut_messages == 0
    assert len(server.seen[0].body["messages"]) == 9


@pytest.mark.parametrize(
    "refusal",
    [
        status(400, "too long", code="context_length_exceeded"),
        status(400, "This model's maximum context length is 9 tokens. However, you requested 12"),
        status(400, "the request exceeds the available context size, try increasing it"),
        reply({"object": "error", "message": "longer than the model's context length"}, 400),
        reply({"error": "prompt is too long: 9 tokens > 8 maximum"}, 413),
    ],
)
def test_a_prompt_that_the_server_finds_too_long_is_asked_with_fewer_turns(server, model, refusal):
    server.script = [refusal, refusal, refusal]
    completion = model.generate([GenerationRequest(talk(31), seed=1)])[0][0]
    sent = [seen.body["messages"] for seen in server.seen]
    assert [len(messages) for messages in sent] == [31, 29, 25, 17]
    assert all(messages[0]["role"] == "user" for messages in sent)
    assert completion.cut_messages == 14


def test_when_even_the_last_message_is_too_long_for_the_server_the_request_fails(server, model):
    server.script = [status(400, "maximum context length exceeded")] * 99
    with pytest.raises(PromptTooLongError):
        model.generate([GenerationRequest(talk(201, length=4), seed=1, max_prompt_tokens=9999)])
    assert len(server.seen) < 12
    assert len(server.seen[-1].body["messages"]) == 1


def test_a_last_message_that_no_tokenizer_could_fit_is_not_sent(server, model):
    with pytest.raises(PromptTooLongError, match="longer than 10 tokens"):
        model.generate([ask("x" * 1000, max_prompt_tokens=10)])
    assert server.seen == []


def test_a_conversation_without_a_message_is_an_error(model):
    with pytest.raises(ModelError):
        model.generate([GenerationRequest([], seed=1)])


# Untrusted answers


def test_an_answer_that_never_ends_is_not_read_to_its_end(server, model):
    server.script = [bad.endless(200)]
    with pytest.raises(ModelError, match="longer than 1,"):
        model.generate([ask()])
    assert len(server.seen) == 1


def test_an_error_that_never_ends_is_not_read_to_its_end(server, model):
    server.script = [bad.endless(400)]
    with pytest.raises(ModelError, match=r"status 400: x+$"):
        model.generate([ask()])


@pytest.mark.parametrize("raw", [rb'"a\u0000b"', rb'"\ud800"'])
def test_a_text_that_no_record_can_hold_is_an_error(server, model, raw):
    body = b'{"choices": [{"finish_reason": "stop", "message": {"content": %s}}]}' % raw
    server.script = [reply(body)] * 9
    with pytest.raises(ModelError):
        model.generate([ask()])


def test_a_message_that_is_no_unicode_text_fails_alone(server, model):
    with pytest.raises(ModelError, match="request cannot be made"):
        model.generate([ask("\ud800"), ask("good")])
    assert model.generate([ask("good")])[0][0].text == "good:1:0"
    assert len(server.seen) == 1
