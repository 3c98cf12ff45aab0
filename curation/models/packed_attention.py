"""Attention over several packed trees that lie behind one another in one sequence.

The matrix products of a model run over all tokens of a batch at once, without padding;
attention runs for each tree on its own, so that what a tree sees, and the order in which it
is added up, does not depend on the trees around it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from schemas.errors import ModelError

IMPLEMENTATION = "prefstream_packed"
"""Name of this attention in transformers' registry."""


class Segment(NamedTuple):
    """Where one tree lies in the sequence."""

    start: int
    trunk: int
    """Tokens from `start` on that form a causal sequence."""
    length: int
    mask: torch.Tensor | None
    """`[length - trunk, length]`: which tokens a token of the branches sees; None without any."""


def _packed_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    segments: Sequence[Segment] | None = None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    if kwargs.get("softcap") is not None:
        raise ModelError("this model caps its attention scores, which is not supported here")
    if segments is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
    grouped = key.shape[1] != query.shape[1]
    output = query.new_empty(query.shape[0], query.shape[2], query.shape[1], value.shape[-1])
    for start, trunk, length, mask in segments:
        fork, end = start + trunk, start + length
        if trunk:
            seen = slice(start, fork)
            output[:, seen] = scaled_dot_product_attention(
                query[:, :, seen],
                key[:, :, seen],
                value[:, :, seen],
                is_causal=True,
                scale=scaling,
                enable_gqa=grouped,
            ).transpose(1, 2)
        if mask is not None:
            output[:, fork:end] = scaled_dot_product_attention(
                query[:, :, fork:end],
                key[:, :, start:end],
                value[:, :, start:end],
                attn_mask=mask,
                scale=scaling,
                enable_gqa=grouped,
            ).transpose(1, 2)
    return output, None


AttentionInterface.register(IMPLEMENTATION, _packed_attention)
