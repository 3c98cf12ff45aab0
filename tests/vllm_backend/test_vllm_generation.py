"""Generation on vLLM: the other backend's words, seeds, forms, threads."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from curation.models.chat import PromptTooLongError
from curation.models.protocols import GenerationRequest, Guide
from schemas.errors import ModelError
from schemas.records import Message

GREETING = [Message("user", "Say hi.")]
VERDICT = {
    "type": "object",
    "properties": {"winner": {"enum": ["A", "B", "tie"]}, "sure": {"type": "boolean"}},
    "required": ["winner", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def requests(questions):
    return [GenerationRequest(messages, seed, 24) for seed, messages in enumerate(questions)]


@pytest.fixture(scope="module")
def together(vllm_model, requests):
    return vllm_model.generate(requests)


def test_a_greedy_reply_is_that_of_the_transformers_backend(vllm_model, float32_model, questions):
    asked = [GenerationRequest(messages, 0, 16, temperature=0.0) for messages in questions[:3]]
    asked.append(GenerationRequest(GREETING, 0, 40, temperature=0.0))
    for [here], [there] in zip(
        vllm_model.generate(asked), float32_model.generate(asked), strict=True
    ):
        assert here._replace(log_probability=None) == there._replace(log_probability=None)
        assert here.log_probability == pytest.approx(there.log_probability, abs=1e-2)
    assert here.finish_reason == "stop"  # So its end counts in the log-probability as well.


def test_the_same_seed_gives_the_same_reply(vllm_model, requests, together):
    again = vllm_model.generate(requests)
    assert texts(again) == texts(together)


def test_another_seed_gives_another_reply(vllm_model, requests, together):
    other = [request._replace(seed=request.seed + 100) for request in requests[:3]]
    for one, another in zip(texts(vllm_model.generate(other)), texts(together)[:3], strict=True):
        assert one != another


def test_a_reply_does_not_depend_on_its_neighbours_in_float32(vllm_model, requests, together):
    alone = [vllm_model.generate([request])[0] for request in requests]
    assert texts(alone) == texts(together)
    for [one], [other] in zip(alone, together, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-2)


def test_samples_of_one_request_differ_and_the_first_is_the_single_one(
    vllm_model, requests, together
):
    [samples] = vllm_model.generate([requests[0]._replace(n=4)])
    assert samples[0].text == together[0][0].text
    assert len({sample.text for sample in samples}) == 4


def test_a_choice_is_that_of_the_transformers_backend(vllm_model, float32_model, questions):
    guide = Guide(choices=["yes", "no", "It depends."])
    asked = [
        GenerationRequest(messages, seed, temperature=temperature, n=3, guide=guide)
        for seed, messages in enumerate(questions[:3])
        for temperature in (0.0, 1.5)
    ]
    for here, there in zip(vllm_model.generate(asked), float32_model.generate(asked), strict=True):
        assert [c.text for c in here] == [c.text for c in there]
        assert [c.log_probability for c in here] == pytest.approx(
            [c.log_probability for c in there], abs=1e-3
        )


def test_an_answer_guided_by_a_schema_is_json_of_that_schema(vllm_model, questions):
    guide = Guide(json_schema=json.dumps(VERDICT))
    asked = GenerationRequest(questions[1], 5, 40, temperature=1.5, n=8, guide=guide)
    [answers] = vllm_model.generate([asked])
    for answer in answers:
        verdict = json.loads(answer.text)
        assert list(verdict) == ["winner", "sure"]
        assert verdict["winner"] in ("A", "B", "tie")
        assert verdict["sure"] in (True, False)
        assert answer.log_probability is None
    assert len({answer.text for answer in answers}) > 1


def test_guided_and_free_requests_share_a_batch(vllm_model, requests, together):
    guided = GenerationRequest(GREETING, 1, guide=Guide(choices=["Hi.", "Bye."]))
    first, middle, last = vllm_model.generate([requests[0], guided, requests[1]])
    assert middle[0].text in ("Hi.", "Bye.")
    assert texts([first, last]) == texts(together[:2])


@pytest.mark.parametrize(
    "poison",
    [
        GenerationRequest(GREETING, 1, guide=Guide(json_schema='{"type": "nonsense"}')),
        GenerationRequest(GREETING, 1, temperature=7.0),
    ],
    ids=["schema", "temperature"],
)
def test_a_request_that_vllm_refuses_spoils_no_later_call(vllm_model, requests, together, poison):
    with pytest.raises(ModelError, match="vLLM refuses"):
        vllm_model.generate([requests[0], poison])
    assert texts(vllm_model.generate(requests[:1])) == texts(together[:1])


def test_what_does_not_fit_is_cut_and_counted_or_refused(vllm_model, questions):
    long = [*questions[7], Message("assistant", "Well."), *GREETING]
    [[reply]] = vllm_model.generate([GenerationRequest(long, 0, 4, max_prompt_tokens=60)])
    assert reply.cut_messages == 2
    assert reply.prompt_tokens <= 60
    with pytest.raises(PromptTooLongError):
        vllm_model.generate([GenerationRequest(questions[7], 0, 4, max_prompt_tokens=60)])


def test_several_threads_may_ask_at_once(vllm_model, requests, together):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda request: vllm_model.generate([request])[0], requests))
    assert texts(answers) == texts(together)


def texts(answers):
    return [[completion.text for completion in answer] for answer in answers]
