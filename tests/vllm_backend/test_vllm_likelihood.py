"""Likelihoods on vLLM: the transformers backend's numbers, whatever stands in the prefix cache."""

import math

import pytest

from curation.models.protocols import Dropout, JointRequest, LikelihoodRequest
from schemas.errors import ModelError
from schemas.records import Message

FOLLOW_UPS = [
    "Thank you, that is clear.",
    "You misunderstood me.",
    "No.",
    # Long enough to fill blocks of the prefix cache that the last one would find there.
    "I do not think so, because " + "it is not what I asked for, and " * 12,
    "I do not think so, because " + "it is not what I asked for, and " * 20,
]
REPLIES = ["Blue is a colour.", "I cannot say.\n"]


@pytest.fixture(scope="module")
def likelihood_requests(questions):
    """Users' continuations after a reply, and assistants' after a question."""
    users = [Message("user", text) for text in FOLLOW_UPS]
    assistants = [Message("assistant", text) for text in REPLIES]
    return [
        *(LikelihoodRequest([*q, Message("assistant", REPLIES[0])], users) for q in questions[:4]),
        *(LikelihoodRequest(q, assistants) for q in questions[4:]),
    ]


@pytest.fixture(scope="module")
def scored(vllm_model, likelihood_requests):
    return vllm_model.score(likelihood_requests)


def test_likelihoods_are_those_of_the_transformers_backend(
    scored, float32_model, likelihood_requests
):
    expected = float32_model.score(likelihood_requests)
    for here, there in zip(scored, expected, strict=True):
        assert (here.cut_messages, here.tokens) == (there.cut_messages, there.tokens)
        for one, other in zip(here.continuations, there.continuations, strict=True):
            assert all(map(math.isfinite, one))
            assert one == pytest.approx(other, abs=1e-3)


def test_what_was_scored_before_is_scored_alike(vllm_model, likelihood_requests, scored):
    again = vllm_model.score(likelihood_requests)
    for here, there in zip(again, scored, strict=True):
        for one, other in zip(here.continuations, there.continuations, strict=True):
            assert one == pytest.approx(other, abs=1e-3)


def test_a_score_does_not_depend_on_its_neighbours_in_float32(
    vllm_model, likelihood_requests, scored
):
    for index in (0, 5):
        [alone] = vllm_model.score([likelihood_requests[index]])
        for one, other in zip(alone.continuations, scored[index].continuations, strict=True):
            assert one == pytest.approx(other, abs=1e-3)


def test_follow_ups_of_several_replies_are_those_of_the_transformers_backend(
    vllm_model, float32_model, questions
):
    asked = [JointRequest(q, REPLIES, FOLLOW_UPS[:3], similarity=False) for q in questions[:3]]
    for here, there in zip(vllm_model.measure(asked), float32_model.measure(asked), strict=True):
        assert here.similarity is None
        assert (here.cut_messages, here.tokens) == (there.cut_messages, there.tokens)
        for one, other in zip(here.follow_ups, there.follow_ups, strict=True):
            assert one == pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize("extra", [0, 1, 31], ids="length is {} beyond a whole block".format)
def test_a_shared_context_is_read_once(vllm_model, float32_model, monkeypatch, extra):
    read = []
    llm = vllm_model._engine._llm
    generate = llm.generate

    def counting(*args, **kwargs):
        outputs = generate(*args, **kwargs)
        read.extend(len(o.prompt_token_ids) - o.num_cached_tokens for o in outputs)
        return outputs

    monkeypatch.setattr(llm, "generate", counting)
    context = question_of(vllm_model, 416 + extra)
    asked = LikelihoodRequest(
        context, [Message("assistant", f"It is {n}, as I said.") for n in range(24)]
    )
    [here] = vllm_model.score([asked])
    # Each sequence reads up to a block of 32 tokens that the cache holds only in part.
    assert len(read) <= 26
    assert sum(read) <= here.tokens + len(read) * 32
    assert sum(read) < 25 * 416 / 7
    [there] = float32_model.score([asked])
    for one, other in zip(here.continuations, there.continuations, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def test_a_continuation_that_is_another_requests_context_is_scored_in_full(
    vllm_model, float32_model, questions
):
    reply = Message("assistant", "I do not think so. " * 20)
    asked = [
        LikelihoodRequest([*questions[0], reply], [Message("user", "Why not?")]),
        LikelihoodRequest(questions[0], [reply]),
    ]
    for here, there in zip(vllm_model.score(asked), float32_model.score(asked), strict=True):
        assert here.continuations[0] == pytest.approx(there.continuations[0], abs=1e-3)


def question_of(model, length):
    """A question that has this many tokens with all of its frame."""
    text = "It is a fact"
    while len(model.chat.prompt_ids([Message("user", text)])) < length:
        text += " that"
    return [Message("user", text)]


def test_a_sequence_as_long_as_the_window_is_scored(vllm_model):
    context = [Message("user", "a " * 3000), Message("assistant", "b"), Message("user", "c?")]
    budget = vllm_model.max_context
    filler = " word" * (budget - len(vllm_model.chat.prompt_ids(context[2:])))
    request = LikelihoodRequest(context, [Message("assistant", filler)], max_tokens=1 << 20)
    [result] = vllm_model.score([request])
    assert result.tokens == budget
    assert result.cut_messages == 2


def test_what_vllm_cannot_tell_is_refused_by_name(vllm_model):
    joint = JointRequest([Message("user", "Hi.")], REPLIES, FOLLOW_UPS, similarity=True)
    with pytest.raises(ModelError, match="hidden states"):
        vllm_model.measure([joint])
    thinned = LikelihoodRequest(
        [Message("user", "Hi.")], [Message("assistant", "Hi.")], dropout=Dropout(0.1, 1)
    )
    with pytest.raises(ModelError, match="dropout"):
        vllm_model.score([thinned])
