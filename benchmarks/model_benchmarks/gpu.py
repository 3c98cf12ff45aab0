"""Model FLOP utilisation on a GPU: a 7B-shaped model with random weights in bfloat16."""

from typing import Any

import torch
from transformers import LlamaConfig

from curation.models.protocols import HiddenRequest, LikelihoodRequest
from model_benchmarks.scoring import _timed, random_model
from schemas.records import Message

SHAPE = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 49152,
    "max_position_embeddings": 4096,
}
"""Layers and widths of a 7B model of the Llama family."""
CONTEXT = 1024
"""Tokens of each context."""


def utilisation(rounds: int) -> dict[str, Any]:
    """Floating-point operations of the model per second, as a share of the GPU's peak.

    Operations: two for each weight and token, and the attention's; peak: what a product of two
    matrices of 8,192 by 8,192 in bfloat16 reaches on this very GPU. Empty without a GPU.
    """
    return measure(rounds, SHAPE, CONTEXT, 32) if torch.cuda.is_available() else {}


def measure(rounds: int, shape: dict[str, int], context: int, n: int) -> dict[str, Any]:
    """The same for any shape and device."""
    model = random_model(LlamaConfig(**shape), torch.bfloat16)
    words = model.chat.tokenizer.decode(list(range(1000, 1000 + context)))
    prompt = [Message("user", words)]
    replies = [
        f"{word} reply of some words, number {i}." for i, word in enumerate(("A", "Another"))
    ]
    asked = {
        "gpu_likelihood": lambda k: model.score(
            [
                LikelihoodRequest(
                    prompt, [Message("assistant", f"{r} {i + k * n}") for r in replies]
                )
                for i in range(n)
            ]
        ),
        "gpu_ches": lambda k: model.encode(
            [HiddenRequest(prompt, [f"{r} {i + k * n}" for r in replies]) for i in range(n)]
        ),
    }
    peak = _peak(model.model.device)
    weights = sum(w.numel() for k, w in model.model.named_parameters() if "embed" not in k)
    results = {}
    for name, work in asked.items():
        work(rounds)
        shares = []
        for k in range(rounds):
            seconds, answers = _timed(lambda k=k, work=work: work(k))
            tokens = sum(answer.tokens for answer in answers)
            attention = 2 * shape["num_hidden_layers"] * shape["hidden_size"] * context
            shares.append(tokens * (2 * weights + attention) / seconds / peak)
        results[name] = {"ratios": shares, "context": context, "peak_flops": peak}
    return results


def _peak(device: torch.device) -> float:
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    times = [_timed(lambda: a @ a)[0] for _ in range(20)]
    return 2 * size**3 / sorted(times)[len(times) // 2]
