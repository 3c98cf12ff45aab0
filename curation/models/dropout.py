"""Dropout while a model is asked, for models that were trained without any.

What attention and the feed-forward block of each layer add to the residual stream loses a
share of its units. The mask follows from the seed alone and holds for all positions of all
requests, so a seed names one thinned network, and its answers depend on no batch.

Reference: Gal & Ghahramani (arXiv 1512.05287), section 4; rate and number of passes as UPO
(arXiv 2409.11212) has them are up to the caller.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from curation.models.protocols import Dropout
from schemas.errors import ModelError
from schemas.ids import seed_from


@contextmanager
def thinned(model: Any, dropout: Dropout | None) -> Iterator[None]:
    """Thin a causal language model of transformers out while the context lasts.

    Raises: ModelError for a rate outside of [0, 1), or a model whose layers are not known.
    """
    if dropout is None or dropout.rate == 0:
        yield
        return
    if not 0 < dropout.rate < 1:
        raise ModelError(f"a dropout rate lies in [0, 1), this is {dropout.rate}")
    handles = []
    try:
        for name, block in _blocks(model):
            mask = _mask(dropout, name, model.lm_head.weight)
            handles.append(block.register_forward_hook(_Thin(mask)))
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Thin:
    def __init__(self, mask: torch.Tensor) -> None:
        self._mask = mask

    def __call__(self, block: Any, arguments: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (output[0] * self._mask, *output[1:])
        return output * self._mask


def _blocks(model: Any) -> list[tuple[str, Any]]:
    layers = getattr(model.base_model, "layers", [])
    found = [
        (f"{index}.{name}", getattr(layer, name))
        for index, layer in enumerate(layers)
        for name in ("self_attn", "mlp")
        if hasattr(layer, name)
    ]
    if not found:
        raise ModelError("dropout passes are not supported for this model's architecture")
    return found


def _mask(dropout: Dropout, name: str, like: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed_from(dropout.seed, f"dropout:{name}"))
    kept = torch.rand(like.shape[1], generator=generator) >= dropout.rate
    return (kept / (1 - dropout.rate)).to(like)
