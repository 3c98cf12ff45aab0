"""Generation: seeded, bounded, and independent of neighbours and threads."""

import json
from pathlib import Path

import pytest
import torch

from curation.models import decoding
from curation.models.protocols import GenerationRequest, Guide, LikelihoodRequest
from curation.models.sampling import RowSampler
from schemas.errors import ModelError
from schemas.records import Message

SAMPLE = Path(__file__).parents[2] / "pipelines/samples/oasst_sample.jsonl"
TREES = [json.loads(line)["prompt"] for line in SAMPLE.read_bytes().splitlines()]
# Prompts of 50 to 800 tokens: each tree's question with more and more of its first reply.
QUESTIONS = [
    f"{tree['text']} {tree['replies'][0]['text'] * 4}"[: 100 + 350 * n]
    for n, tree in enumerate(TREES[:9])
]
REQUESTS = [
    GenerationRequest([Message("user", text)], n, 12, max_prompt_tokens=4000)
    for n, text in enumerate(QUESTIONS)
]


@pytest.fixture(scope="module")
def together(model):
    return model.generate(REQUESTS)


def test_a_reply_does_not_depend_on_its_neighbours(model, together):
    assert [model.generate([request])[0] for request in REQUESTS] == together
    assert model.generate(REQUESTS[::-1])[::-1] == together
    assert model.generate(REQUESTS[3:8]) == together[3:8]


def test_a_reply_does_not_depend_on_the_number_of_threads(model, together):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert model.generate(REQUESTS[:6]) == together[:6]
    finally:
        torch.set_num_threads(threads)


def test_another_seed_gives_another_reply(model, together):
    other = [request._replace(seed=request.seed + 100) for request in REQUESTS[:3]]
    assert model.generate(other) != together[:3]


def test_samples_of_one_request_differ_and_the_first_is_the_single_one(model, together):
    [samples] = model.generate([REQUESTS[0]._replace(n=3)])
    assert samples[0] == together[0][0]
    assert len({sample.text for sample in samples}) > 1


@pytest.mark.parametrize(("question", "finish"), [("Say yes.", "length"), ("Hi", "stop")])
def test_a_reply_knows_how_likely_it_was(float32_model, question, finish):
    request = GenerationRequest([Message("user", question)], 5, 40, temperature=0.0)
    [[reply]] = float32_model.generate([request])
    [scored] = float32_model.score(
        [LikelihoodRequest(request.messages, [Message("assistant", reply.text)])]
    )
    total = sum(scored.continuations[0])
    assert reply.finish_reason == finish
    if finish == "stop":  # the end of the turn has a probability, too
        assert total - 5 < reply.log_probability < total
    else:
        assert reply.log_probability == pytest.approx(total, abs=1e-3)


def test_a_choice_is_one_of_the_texts_and_the_likeliest_when_greedy(model):
    texts = ("Yes", "No", "Yes, of course, my friend")
    request = GenerationRequest(
        [Message("user", "Is grass green? Yes or no?")], 1, temperature=0.0, guide=Guide(texts)
    )
    [[greedy]] = model.generate([request])
    [drawn] = model.generate([request._replace(temperature=3.0, n=40)])
    assert {sample.text for sample in drawn} <= set(texts)
    assert greedy.log_probability == max(sample.log_probability for sample in drawn)
    assert len({sample.text for sample in drawn}) > 1
    mixed = model.generate([REQUESTS[0], request])
    assert mixed == [model.generate([REQUESTS[0]])[0], [greedy]]


def test_a_json_schema_is_refused_by_a_backend_that_cannot_hold_it(model):
    with pytest.raises(ModelError, match="JSON schema"):
        model.generate([REQUESTS[0]._replace(guide=Guide(json_schema="{}"))])


def test_rows_that_do_not_fit_into_memory_are_written_in_smaller_batches(
    model, together, monkeypatch
):
    real, refused = decoding._read_prompts, []

    def read(forward, rows, width, size, lengths):
        if width > 3:
            refused.append(width)
            raise torch.OutOfMemoryError("as a GPU says it")
        return real(forward, rows, width, size, lengths)

    monkeypatch.setattr(decoding, "_read_prompts", read)
    assert model.generate(REQUESTS) == together
    assert refused


def test_greedy_reply_is_the_most_likely_token_each_time(float32_model):
    [[reply]] = float32_model.generate(
        [GenerationRequest([Message("user", "Name a colour.")], 0, 8, temperature=0.0)]
    )
    ids = float32_model.chat.prompt_ids([Message("user", "Name a colour.")])
    for _ in range(reply.new_tokens):
        ids.append(int(float32_model.model(torch.tensor([ids])).logits[0, -1].argmax()))
    written = float32_model.chat.tokenizer.decode(ids[-reply.new_tokens :])
    assert reply.text == written


def test_a_reply_stops_at_its_limit_or_at_the_end_of_the_turn(model, together):
    for [reply] in together:
        assert reply.new_tokens <= 12
        assert reply.finish_reason == ("length" if reply.new_tokens == 12 else "stop")
        assert "<|im_end|>" not in reply.text


def test_nucleus_holds_exactly_the_tokens_that_reach_top_p():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    drawn = [RowSampler(1.0, 0.7, seed=s, index=0).pick(logits) for s in range(400)]
    assert set(drawn) == {0, 1}
    assert drawn.count(0) / 400 == pytest.approx(0.5 / 0.8, abs=0.08)


def test_a_flat_distribution_is_sampled_in_full():
    logits = torch.zeros(5000)
    drawn = {RowSampler(1.0, 1.0, seed=s, index=0).pick(logits) for s in range(300)}
    assert max(drawn) > 4000
    assert min(drawn) < 1000
