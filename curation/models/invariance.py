"""Does a row of a matrix product depend on how many rows there are? Tried out, not assumed.

Libraries choose another order of adding for other shapes, and bits follow. Where the rows
of a model's products are free of one another, batches can be formed as it suits speed.
"""

from typing import Any

import torch
from torch.nn.functional import linear

MAX_WIDTH = 16
"""Most rows of a decoding step."""
_SIZES = (17, 30, 64, 113, 255, 384)
_WHOLE = 512


@torch.inference_mode()
def free_widths(model: Any) -> tuple[int, ...]:
    """Numbers of decoding rows in which products of this model's shapes give the same bits.

    Output: ascending widths, the last of them `MAX_WIDTH`. Where the number of rows matters
    (float32 on most processors; on GPUs it is taken for granted) that is the only one, and short
    batches are filled up.
    """
    if model.device.type != "cpu":
        return (MAX_WIDTH,)
    return (*_same_bits(model, range(1, MAX_WIDTH), MAX_WIDTH), MAX_WIDTH)


@torch.inference_mode()
def rows_are_free(model: Any) -> bool:
    """Whether trees can share a forward pass on this processor without changing a bit."""
    return model.device.type == "cpu" and _same_bits(model, _SIZES, _WHOLE) == list(_SIZES)


def _same_bits(model: Any, sizes: Any, whole_size: int) -> list[int]:
    generator = torch.Generator().manual_seed(0)
    free = set(sizes)
    # The vocabulary's product is done apart, with the rows of one request at a time.
    shapes = {tuple(w.shape) for n, w in model.base_model.named_parameters() if _is_product(n, w)}
    for height, width in sorted(shapes):
        # The sums are zero but for their rounding errors, which show any other order of adding.
        half = torch.randn(height, width // 2, generator=generator).to(model.dtype)
        weight = torch.cat([half, -half], 1)
        part = torch.randn(whole_size, width // 2, generator=generator).to(model.dtype)
        rows = torch.cat([part, part], 1)
        whole = linear(rows, weight)
        for n in sorted(free):
            if not torch.equal(linear(rows[:n], weight), whole[:n]):
                free.discard(n)
    return sorted(free)


def _is_product(name: str, weight: torch.Tensor) -> bool:
    return weight.dim() == 2 and "embed" not in name
