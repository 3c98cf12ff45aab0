"""The likelihood engine and CHES against the way that textbooks and reference scripts do it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from curation.models import embedded
from curation.models.loading import load_model
from curation.models.packed_attention import IMPLEMENTATION
from curation.models.paths import plan_likelihood
from curation.scoring.ches import ches_score
from model_benchmarks.material import contexts, follow_up_request, pair_requests

SHARE = 4
"""One in this many follow-ups of a context is timed in the plain way, unless all are asked for."""


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cores": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "gpu": gpu,
    }


def likelihood(rounds: int, whole: bool) -> dict[str, Any]:
    """64 real contexts of 200 to 800 tokens × 24 follow-ups, same model and dtype."""
    model = _model("auto")
    requests = [follow_up_request(messages) for messages in contexts(model)]
    ratios, gap = [], 0.0
    for n in range(rounds):
        part = requests[n::rounds]
        plans = [plan_likelihood(model.chat, request, model.max_context) for request in part]
        paths = [path for plan in plans for path in plan.paths]
        timed = list(range(len(paths))) if whole else list(range(0, len(paths), SHARE))
        seconds, plain = _timed(lambda p=paths, t=timed: [_plain(model, p[i]) for i in t])
        seconds *= len(paths) / len(timed)
        ours, results = _timed(lambda p=part: model.score(p))
        likelihoods = [tokens for result in results for tokens in result.continuations]
        gaps = (
            abs(np.mean(likelihoods[i]) - np.mean(p)) for i, p in zip(timed, plain, strict=True)
        )
        gap = max(gap, *gaps)
        ratios.append(seconds / ours)
    return {
        "ratios": ratios,
        "contexts": len(requests),
        "dtype": str(model.model.dtype),
        "largest_gap_nats_per_token": float(gap),
    }


def ches(rounds: int, pairs: int = 36) -> dict[str, Any]:
    """Real pairs; the plain way is in float32, the engine in the processor's own format."""
    exact, fast = _model("float32"), _model("auto")
    requests = pair_requests(pairs)
    ratios, same_dtype, gap = [], [], 0.0
    for n in range(rounds):
        part = requests[n::rounds]
        seconds, plain = _timed(lambda p=part: [_plain_ches(exact, request) for request in p])
        ours, _ = _timed(lambda p=part: fast.encode(p))
        precise, results = _timed(lambda p=part: exact.encode(p))
        for (expected, norm), result in zip(plain, results, strict=True):
            gap = max(gap, abs(ches_score(*result.responses).ches - expected) / norm)
        ratios.append(seconds / ours)
        same_dtype.append(seconds / precise)
    return {
        "ratios": ratios,
        "ratios_with_float32_on_both_sides": same_dtype,
        "dtype": str(fast.model.dtype),
        "pairs": pairs,
        "largest_float32_gap_of_squared_norm": gap,
    }


def tokens(rounds: int) -> dict[str, Any]:
    """Tokens that go through the engine per second, against those of a bare forward pass.

    Bare: `model(ids)` on whole sequences of the contexts' mean length, at the best of several
    batch sizes; its logits for every position are part of it, as they are for whoever calls it.
    """
    model = _model("auto")
    requests = [follow_up_request(messages) for messages in contexts(model, 24)]
    sizes = [result.tokens for result in model.score(requests[:3])]
    length = round(float(np.mean(sizes)))
    ratios, backbone_ratios, best = [], [], {}
    for n in range(rounds):
        part = requests[n::rounds]
        ours, results = _timed(lambda p=part: model.score(p))
        speed = sum(result.tokens for result in results) / ours
        bare = {b: _bare(model.model, b, length) for b in (1, 2, 4)}
        backbone = {b: _bare(model.model.base_model, b, length) for b in (1, 2, 4)}
        best = {"whole_model": max(bare.values()), "without_logits": max(backbone.values())}
        best["engine"] = speed
        ratios.append(speed / best["whole_model"])
        backbone_ratios.append(speed / best["without_logits"])
    return {
        "ratios": ratios,
        "ratios_to_the_pass_without_logits": backbone_ratios,
        "tokens_per_second_of_the_last_round": best,
        "sequence_length": length,
        "dtype": str(model.model.dtype),
    }


def _model(dtype: str) -> Any:
    embedded.fetch(dtype)
    model = load_model("embedded", dtype)
    model.generate([])
    return model


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun, result


@torch.inference_mode()
def _plain(model: Any, path: Any) -> list[float]:
    """One sequence, one forward pass, logits of every position."""
    ids = torch.tensor([path.tokens], device=model.model.device)
    network = model.model
    network.config._attn_implementation = "sdpa"
    try:
        logits = network(ids, use_cache=False).logits[0].float()
    finally:
        network.config._attn_implementation = IMPLEMENTATION
    start = path.likelihood_from
    rows = logits[start - 1 : -1].log_softmax(-1)
    return rows.gather(1, ids[0, start:, None])[:, 0].tolist()


@torch.inference_mode()
def _plain_ches(model: Any, request: Any) -> tuple[float, float]:
    """As the reference script: a pass for each response, all hidden states and logits kept."""
    prompt = model.chat.prompt_ids(request.prompt)
    network = model.model
    network.config._attn_implementation = "sdpa"
    sums = []
    try:
        for text in request.responses:
            ids = torch.tensor([prompt + model.chat.text_ids(text)], device=network.device)
            output = network(ids, output_hidden_states=True, use_cache=False)
            sums.append(output.hidden_states[-1][0, len(prompt) - 1 :].double().sum(0))
    finally:
        network.config._attn_implementation = IMPLEMENTATION
    norm = float(sums[0] @ sums[0])
    return float(sums[0] @ sums[1]) - norm, norm


@torch.inference_mode()
def _bare(network: Any, batch: int, length: int) -> float:
    ids = torch.randint(100, 40_000, (batch, length), device=network.device)
    config = network.config
    config._attn_implementation = "sdpa"
    try:
        network(ids, use_cache=False)
        times = [_timed(lambda: network(ids, use_cache=False))[0] for _ in range(3)]
    finally:
        config._attn_implementation = IMPLEMENTATION
    return batch * length / sorted(times)[1]


def random_model(config: Any, dtype: torch.dtype) -> Any:
    """A randomly initialised model of a shape, behind the embedded model's tokenizer."""
    from transformers import AutoModelForCausalLM

    from curation.models.transformers_model import TransformersModel

    small = _model("auto")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        network = AutoModelForCausalLM.from_config(
            config, dtype=dtype, attn_implementation=IMPLEMENTATION
        )
    return TransformersModel(network, small.chat.tokenizer, "random", "none")
