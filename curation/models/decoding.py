"""Writing replies in batches, so that no reply depends on what it was batched with.

Each prompt is read alone, at its own length. Then replies are written together, under two
conditions. The key-value cache of a batch has a length that follows from each of its rows
alone, since attention adds up in another order when there are more keys, masked or not. And
a row of a matrix product could depend on how many rows there are: `free_widths` tries that
out, and rows are only batched in widths that give the same bits.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache, StaticCache
from transformers.cache_utils import StaticLayer

from curation.models.sampling import RowSampler

MAX_WIDTH = 16
"""Most rows of a decoding step."""
CACHE_STEP = 512
"""Cache lengths are multiples of this many tokens; rows of the same length share a batch."""


class Row(NamedTuple):
    """One completion to write."""

    prompt: list[int]
    max_new_tokens: int
    sampler: RowSampler


class Written(NamedTuple):
    """The tokens of one completion, without the end-of-turn token."""

    tokens: list[int]
    finish_reason: str


@torch.inference_mode()
def free_widths(model: Any) -> tuple[int, ...]:
    """Batch widths in which products of this model's shapes give each row the same bits.

    Output: ascending widths, the last of them `MAX_WIDTH`. Where the number of rows matters
    (float32 on most processors; on GPUs it is taken for granted) that is the only one, and short
    batches are filled up.
    """
    if model.device.type != "cpu":
        return (MAX_WIDTH,)
    generator = torch.Generator().manual_seed(0)
    free = set(range(1, MAX_WIDTH))
    for height, width in {tuple(w.shape) for w in model.parameters() if w.dim() == 2}:
        # The sums are zero but for their rounding errors, which show any other order of adding.
        half = torch.randn(height, width // 2, generator=generator).to(model.dtype)
        weight = torch.cat([half, -half], 1)
        part = torch.randn(MAX_WIDTH, width // 2, generator=generator).to(model.dtype)
        rows = torch.cat([part, part], 1)
        whole = torch.nn.functional.linear(rows, weight)
        for n in sorted(free):
            if not torch.equal(torch.nn.functional.linear(rows[:n], weight), whole[:n]):
                free.discard(n)
    return (*sorted(free), MAX_WIDTH)


def decode(
    model: Any, rows: Sequence[Row], stop_ids: frozenset[int], widths: Sequence[int]
) -> list[Written]:
    """Write a completion for each row.

    Input: a causal language model of transformers, rows, the ids that end a turn, what
    `free_widths` said of the model. Output: one `Written` for each row, in order.
    """
    alike: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[_cache_length(row)].append(index)
    written: dict[int, Written] = {}
    for length, members in sorted(alike.items()):
        for start in range(0, len(members), MAX_WIDTH):
            batch = members[start : start + MAX_WIDTH]
            width = next(width for width in widths if width >= len(batch))
            results = _decode_batch(model, [rows[i] for i in batch], width, length, stop_ids)
            written.update(zip(batch, results, strict=True))
    return [written[index] for index in range(len(rows))]


def _cache_length(row: Row) -> int:
    needed = len(row.prompt) + row.max_new_tokens
    return -(-needed // CACHE_STEP) * CACHE_STEP


class _RowLayer(StaticLayer):
    """One layer's keys and values, where each row has a length of its own."""

    keys: torch.Tensor
    values: torch.Tensor
    lengths: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.arange(len(self.lengths), device=self.lengths.device)
        self.keys[rows, :, self.lengths] = key_states[:, :, 0]
        self.values[rows, :, self.lengths] = value_states[:, :, 0]
        return self.keys, self.values


def _decode_batch(
    model: Any, rows: Sequence[Row], width: int, size: int, stop_ids: frozenset[int]
) -> list[Written]:
    lengths = torch.tensor([len(r.prompt) for r in rows] + [0] * (width - len(rows)))
    lengths = lengths.to(model.device)
    cache, hidden = _read_prompts(model, rows, width, size, lengths)
    columns = torch.arange(size, device=model.device)
    tokens: list[list[int]] = [[] for _ in rows]
    reasons = ["length"] * len(rows)
    open_rows = set(range(len(rows)))
    while True:
        logits = model.lm_head(hidden).float()
        following = torch.zeros(width, 1, dtype=torch.long)
        for index in sorted(open_rows):
            token = rows[index].sampler.pick(logits[index])
            if token in stop_ids:
                reasons[index] = "stop"
                open_rows.discard(index)
                continue
            tokens[index].append(token)
            following[index] = token
            if len(tokens[index]) == rows[index].max_new_tokens:
                open_rows.discard(index)
        if not open_rows:
            return [Written(*row) for row in zip(tokens, reasons, strict=True)]
        visible = columns <= lengths[:, None]
        hidden = model.base_model(
            input_ids=following.to(model.device),
            attention_mask=visible[:, None, None, :],
            position_ids=lengths[:, None],
            past_key_values=cache,
        ).last_hidden_state[:, -1]
        # A row that is done stays where it is, or it would run out of the cache.
        going = torch.tensor([i in open_rows for i in range(width)], device=model.device)
        lengths += going


def _read_prompts(
    model: Any, rows: Sequence[Row], width: int, size: int, lengths: torch.Tensor
) -> tuple[StaticCache, torch.Tensor]:
    """Run each prompt alone and lay its keys and values into one shared cache."""
    cache = StaticCache(config=model.config, max_cache_len=size)
    cache.layers = [_RowLayer(max_cache_len=size) for _ in cache.layers]
    last_hidden = model.lm_head.weight.new_zeros(width, model.lm_head.weight.shape[1])
    for index, row in enumerate(rows):
        own = DynamicCache(config=model.config)
        ids = torch.tensor([row.prompt], device=model.device)
        hidden = model.base_model(input_ids=ids, past_key_values=own).last_hidden_state
        last_hidden[index] = hidden[0, -1]
        layers: Iterable[tuple[Any, Any]] = zip(cache.layers, own.layers, strict=True)
        for target, source in layers:
            if not target.is_initialized:
                empty = source.keys.new_zeros((width, *source.keys.shape[1:]))
                target.lazy_initialization(empty, empty)
                target.lengths = lengths
            target.keys[index, :, : len(row.prompt)] = source.keys[0]
            target.values[index, :, : len(row.prompt)] = source.values[0]
    return cache, last_hidden
