"""No answer depends on its batch: 200 real pairs alone, together, in any order, padded or not."""

import json
import random
from pathlib import Path

import pytest
import torch

from curation.formats.hh import read_transcript
from curation.models.forward import Forward
from curation.models.protocols import JointRequest, LikelihoodRequest
from schemas.records import Message

ROWS = (Path(__file__).parents[1] / "data/hh_rlhf/pairs.jsonl").read_bytes().splitlines()


def sides(line):
    row = json.loads(line)
    return [read_transcript(row[name], name, 10**6) for name in ("chosen", "rejected")]


def likelihood_request(line):
    chosen, rejected = sides(line)
    return LikelihoodRequest(chosen[:-1], [chosen[-1], rejected[-1]])


def joint_request(line):
    chosen, rejected = sides(line)
    return JointRequest(chosen[:-1], [chosen[-1].content, rejected[-1].content], ["Thanks!"])


@pytest.fixture
def asked_with_budget(monkeypatch):
    """Ask a model in one call, with its forward passes held to a number of tokens."""

    def ask(model, method, requests, budget):
        monkeypatch.setattr(model.forward, "budget", budget)
        return getattr(model, method)(requests)

    return ask


def test_200_real_pairs_score_the_same_alone_and_together(float32_model, asked_with_budget):
    requests = [joint_request(line) for line in ROWS]
    shuffled = random.Random(0).sample(range(len(requests)), len(requests))
    together = asked_with_budget(float32_model, "measure", [requests[i] for i in shuffled], 2048)
    alone_by_pair = {
        i: asked_with_budget(float32_model, "measure", [requests[i]], 1)[0]
        for i in range(len(requests))
    }
    assert len(requests) == 200
    for i, joint in zip(shuffled, together, strict=True):
        alone = alone_by_pair[i]
        for one, other in zip(alone.follow_ups, joint.follow_ups, strict=True):
            assert other == pytest.approx(one, abs=1e-4)
        for one, other in zip(alone.similarity.sums, joint.similarity.sums, strict=True):
            assert other == pytest.approx(one, rel=1e-6)


def test_likelihoods_in_bfloat16_are_equal_to_the_bit(model, asked_with_budget):
    requests = [likelihood_request(line) for line in ROWS[:40]]
    alone = [asked_with_budget(model, "score", [request], 1)[0] for request in requests]
    assert asked_with_budget(model, "score", requests, 1024) == alone
    assert asked_with_budget(model, "score", requests[::-1], 333)[::-1] == alone


@torch.inference_mode()
@pytest.mark.parametrize("side", ["left", "right"])
def test_likelihoods_equal_those_of_padded_batches(float32_model, side):
    requests = [likelihood_request(line) for line in ROWS[:6]]
    scored = float32_model.score(requests)
    chat, network = float32_model.chat, float32_model.model
    sequences, starts = [], []
    for request in requests:
        prompt = chat.prompt_ids(request.context)
        for message in request.continuations:
            sequences.append(prompt + chat.text_ids(message.content))
            starts.append(len(prompt))
    width = max(map(len, sequences))
    offsets = [width - len(s) if side == "left" else 0 for s in sequences]
    ids = torch.zeros(len(sequences), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, (sequence, offset) in enumerate(zip(sequences, offsets, strict=True)):
        ids[row, offset : offset + len(sequence)] = torch.tensor(sequence)
        mask[row, offset : offset + len(sequence)] = 1
    network.set_attn_implementation("eager")
    try:
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        logits = network(ids, attention_mask=mask, position_ids=positions).logits
    finally:
        network.set_attn_implementation("prefstream_packed")
    ours = [tokens for result in scored for tokens in result.continuations]
    for row, (sequence, start, tokens) in enumerate(zip(sequences, starts, ours, strict=True)):
        at = torch.arange(start, len(sequence)) + offsets[row]
        expected = logits[row, at - 1].log_softmax(-1).gather(1, ids[row, at][:, None])[:, 0]
        assert tokens == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.parametrize("limit", [400, 150])
def test_a_batch_that_does_not_fit_into_memory_is_halved_and_goes_on(model, monkeypatch, limit):
    requests = [likelihood_request(line) for line in ROWS[:8]]
    expected = model.score(requests)
    small = Forward(model.model, 1024)
    real, refused = small.hidden, []

    def hidden(trees, **kwargs):
        tokens = sum(len(tree.tokens) for tree in trees)
        if tokens > limit and len(trees) > 1:
            refused.append(tokens)
            raise torch.OutOfMemoryError("as a GPU says it")
        return real(trees, **kwargs)

    monkeypatch.setattr(small, "hidden", hidden)
    monkeypatch.setattr(model, "forward", small)
    assert model.score(requests) == expected
    assert refused
    assert small.budget < 1024


def test_a_constant_added_to_all_logits_changes_no_likelihood(float32_model, monkeypatch):
    request = likelihood_request(ROWS[0])
    plain = float32_model.score([request])[0]
    raw = float32_model.forward.logits
    monkeypatch.setattr(float32_model.forward, "logits", lambda states: raw(states) + 7.5)
    moved = float32_model.score([request])[0]
    for one, other in zip(plain.continuations, moved.continuations, strict=True):
        assert other == pytest.approx(one, abs=1e-4)


def test_what_did_not_fit_is_counted(model):
    turns = [Message("user", "word " * 200), Message("assistant", "Fine.")]
    prompt = [*turns, Message("user", "And now?")]
    [result] = model.score([LikelihoodRequest(prompt, [Message("assistant", "Yes.")], 100)])
    assert result.cut_messages == 2
    [whole] = model.score([LikelihoodRequest(prompt, [Message("assistant", "Yes.")])])
    assert whole.cut_messages == 0
