"""Likelihoods and hidden sums against the reference numbers and against the plain way."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from curation.models.protocols import (
    Dropout,
    HiddenRequest,
    JointRequest,
    LikelihoodRequest,
)
from curation.scoring.ches import ches_score, pair_similarity
from schemas.errors import ModelError
from schemas.records import Message

FIXTURE = json.loads((Path(__file__).parents[1] / "data/models/ches.json").read_text())
PROMPT = [Message("user", "Name a colour.")]
REPLIES = ["Blue is a colour.", "I cannot say.\n"]
FOLLOW_UPS = ["Thank you, that is clear.", "You misunderstood me.", "No."]


@torch.no_grad()
def plain_likelihood(model, text_ids, start):
    """One sequence, one forward pass, no sharing: the way it is written in a textbook."""
    logits = model.model(torch.tensor([text_ids])).logits[0].double().log_softmax(-1)
    return [float(logits[i - 1, text_ids[i]]) for i in range(start, len(text_ids))]


@pytest.mark.parametrize("pair", FIXTURE["pairs"], ids=["haiku", "refusal"])
def test_ches_equals_the_reference_script(float32_model, pair):
    prompt = [Message("user", pair["query"])]
    sides = [pair["chosen"], pair["rejected"]]
    [result] = float32_model.encode([HiddenRequest(prompt, sides)])
    chosen, rejected = result.responses
    score = ches_score(chosen, rejected)
    assert len(float32_model.chat.prompt_ids(prompt)) == pair["tokens_prompt"]
    assert (chosen.terms, rejected.terms) == (
        pair["tokens_chosen"] + 1,
        pair["tokens_rejected"] + 1,
    )
    tolerance = 1e-6 * pair["norm2"]
    assert score.ches == pytest.approx(pair["ches_script_f32"], abs=tolerance)
    assert score.ches == pytest.approx(pair["ches_f64"], abs=tolerance)
    assert score.ln_ches == pytest.approx(pair["ln_ches_script_f32"], abs=1e-3)
    assert score.ln_ches == pytest.approx(pair["ln_ches_f64"], abs=1e-3)
    [joint] = float32_model.measure([JointRequest(prompt, sides, ())])
    alike = pair_similarity(joint.similarity)
    assert alike.ches == pytest.approx(pair["ches_f64"], abs=tolerance)
    assert alike.ln_ches == pytest.approx(pair["ln_ches_f64"], abs=1e-3)
    norm2 = joint.similarity.sums[0][0]
    assert norm2 == pytest.approx(pair["norm2"], rel=1e-6)
    assert alike.last_hidden_inner_product == pytest.approx(
        pair["last_hidden_inner_product"], rel=1e-5
    )
    assert np.dot(chosen.last, rejected.last) == pytest.approx(
        pair["last_hidden_inner_product"], rel=1e-5
    )
    assert alike.edit_similarity == pytest.approx(pair["minus_normalized_edit_distance"])


def test_identical_responses_have_no_ches(model):
    [result] = model.encode([HiddenRequest(PROMPT, ["Blue.", "Blue."])])
    assert ches_score(*result.responses) == (0.0, 0.0)
    [joint] = model.measure([JointRequest(PROMPT, ["Blue.", "Blue."], FOLLOW_UPS)])
    assert pair_similarity(joint.similarity)[:2] == (0.0, 0.0)
    assert pair_similarity(joint.similarity).edit_similarity == 0


def test_likelihood_of_a_follow_up_is_that_of_its_tokens_alone(float32_model):
    context = [*PROMPT, Message("assistant", REPLIES[0])]
    asked = [Message("user", text) for text in FOLLOW_UPS]
    [scored] = float32_model.score([LikelihoodRequest(context, asked)])
    frame = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by "
    frame += "Hugging Face<|im_end|>\n<|im_start|>user\nName a colour.<|im_end|>\n"
    frame += f"<|im_start|>assistant\n{REPLIES[0]}<|im_end|>\n<|im_start|>user\n"
    tokenizer = float32_model.chat.tokenizer
    for text, likelihood in zip(FOLLOW_UPS, scored.continuations, strict=True):
        start = tokenizer(frame)["input_ids"]
        whole = tokenizer(frame + text)["input_ids"]
        assert whole[: len(start)] == start
        assert likelihood == pytest.approx(
            plain_likelihood(float32_model, whole, len(start)), abs=1e-4
        )


def test_sharing_a_forward_pass_changes_no_number(float32_model):
    [joint] = float32_model.measure([JointRequest(PROMPT, REPLIES, FOLLOW_UPS)])
    for index, reply in enumerate(REPLIES):
        context = [*PROMPT, Message("assistant", reply)]
        for number, text in enumerate(FOLLOW_UPS):
            alone = float32_model.score([LikelihoodRequest(context, [Message("user", text)])])
            mean = np.mean(alone[0].continuations[0])
            assert joint.follow_ups[index][number] == pytest.approx(mean, abs=1e-4)
    [hidden] = float32_model.encode([HiddenRequest(PROMPT, REPLIES[:1])])
    total = np.asarray(hidden.responses[0].total)
    assert joint.similarity.terms[0] == hidden.responses[0].terms
    assert joint.similarity.sums[0][0] == pytest.approx(total @ total, rel=1e-6)


def test_scores_do_not_depend_on_the_batch_or_its_order(model):
    requests = [
        JointRequest(PROMPT, [f"{reply} {n}" for reply in REPLIES], FOLLOW_UPS) for n in range(4)
    ]
    together = model.measure(requests)
    assert together == [model.measure([request])[0] for request in requests]
    assert together == model.measure(requests[::-1])[::-1]


def test_a_repeated_follow_up_is_computed_once(model):
    [once] = model.measure([JointRequest(PROMPT, REPLIES, FOLLOW_UPS)])
    [twice] = model.measure([JointRequest(PROMPT, REPLIES, FOLLOW_UPS * 2)])
    assert twice.tokens == once.tokens
    assert twice.follow_ups[0][:3] == twice.follow_ups[0][3:]


CHOICES = [Message("assistant", text) for text in ("Blue", "Red")]


def test_a_thinned_network_answers_by_its_seed_alone(model):
    requests = [
        LikelihoodRequest(PROMPT, CHOICES, dropout=dropout)
        for dropout in (Dropout(0.1, 1), None, Dropout(0.1, 2), Dropout(0.0, 2), Dropout(0.1, 1))
    ]
    first, whole, second, untouched, again = model.score(requests)
    assert again == first == model.score(requests[:1])[0]
    assert untouched == whole == model.score(requests[1:2])[0]
    assert len({str(r.continuations) for r in (first, whole, second)}) == 3


def test_continuations_of_one_request_have_seen_the_same_history(model):
    prompt = [Message("user", "word " * 50), Message("assistant", "Fine."), *PROMPT]
    texts = ["Yes.", "Yes. " * 30]
    asked = [Message("assistant", text) for text in texts]
    [both] = model.score([LikelihoodRequest(prompt, asked, max_tokens=150)])
    [alone] = model.score([LikelihoodRequest(PROMPT, asked[:1])])
    assert both.cut_messages == 2
    assert both.continuations[0] == pytest.approx(alone.continuations[0], abs=0.05)


@pytest.mark.parametrize("roles", [("user", "assistant"), ("tool",), ()])
def test_continuations_of_mixed_roles_are_an_error(model, roles):
    with pytest.raises(ModelError, match="continuations are all"):
        model.score([LikelihoodRequest(PROMPT, [Message(role, "x") for role in roles])])
