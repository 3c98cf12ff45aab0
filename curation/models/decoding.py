"""Writing replies in batches, so that no reply depends on what it was batched with.

Prompts are read like everything that is scored, packed behind one another, each prompt once
however many samples it gets. Then replies are written together, under two conditions. The
key-value cache of a batch has a length that follows from each of its rows alone, since
attention adds up in another order when there are more keys, masked or not. And a row of a
matrix product could depend on how many rows there are: rows are only batched in widths that
give the same bits (`curation.models.invariance`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache, StaticCache
from transformers.cache_utils import StaticLayer

from curation.models.batching import plan_batches
from curation.models.forward import Forward
from curation.models.invariance import MAX_WIDTH
from curation.models.prefix_tree import pack
from curation.models.sampling import RowSampler

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
    log_probability: float
    """Nats, at temperature 1, the end of the turn included where it was written."""


def decode(
    forward: Forward, rows: Sequence[Row], stop_ids: frozenset[int], widths: Sequence[int]
) -> list[Written]:
    """Write a completion for each row.

    Input: the forward pass of a model, rows, the ids that end a turn, what `free_widths` said
    of the model. Output: one `Written` for each row, in order.

    Raises: torch.OutOfMemoryError when one row alone does not fit.
    """
    alike: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[_cache_length(row)].append(index)
    written: dict[int, Written] = {}
    for length, members in sorted(alike.items()):
        todo = [members[n : n + MAX_WIDTH] for n in range(0, len(members), MAX_WIDTH)]
        while todo:
            batch = todo.pop(0)
            width = next(width for width in widths if width >= len(batch))
            try:
                results = _decode_batch(forward, [rows[i] for i in batch], width, length, stop_ids)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                # On a GPU narrower steps are allowed where the widest do not fit.
                half = len(batch) // 2
                widths = sorted({*widths, half, len(batch) - half})
                todo = [batch[:half], batch[half:], *todo]
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                continue
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
    forward: Forward, rows: Sequence[Row], width: int, size: int, stop_ids: frozenset[int]
) -> list[Written]:
    device, model = forward.device, forward.model
    lengths = torch.tensor([len(r.prompt) for r in rows] + [0] * (width - len(rows)))
    lengths = lengths.to(device)
    cache, hidden = _read_prompts(forward, rows, width, size, lengths)
    columns = torch.arange(size, device=device)
    tokens: list[list[int]] = [[] for _ in rows]
    reasons = ["length"] * len(rows)
    sums = [0.0] * len(rows)
    open_rows = set(range(len(rows)))
    while True:
        logits = forward.logits(hidden)
        normalizers = logits.logsumexp(1).tolist()
        following = torch.zeros(width, 1, dtype=torch.long)
        for index in sorted(open_rows):
            token = rows[index].sampler.pick(logits[index])
            sums[index] += float(logits[index, token]) - normalizers[index]
            if token in stop_ids:
                reasons[index] = "stop"
                open_rows.discard(index)
                continue
            tokens[index].append(token)
            following[index] = token
            if len(tokens[index]) == rows[index].max_new_tokens:
                open_rows.discard(index)
        if not open_rows:
            return [Written(*row) for row in zip(tokens, reasons, sums, strict=True)]
        visible = columns <= lengths[:, None]
        states = model.base_model(
            input_ids=following.to(device),
            attention_mask=visible[:, None, None, :],
            position_ids=lengths[:, None],
            past_key_values=cache,
        ).last_hidden_state[:, -1]
        hidden = torch.nn.functional.pad(states, (0, 0, 0, MAX_WIDTH - width))
        # A row that is done stays where it is, or it would run out of the cache.
        going = torch.tensor([i in open_rows for i in range(width)], device=device)
        lengths += going


def _read_prompts(
    forward: Forward, rows: Sequence[Row], width: int, size: int, lengths: torch.Tensor
) -> tuple[StaticCache, torch.Tensor]:
    """Read each different prompt once and lay its keys and values into one shared cache.

    Output: the cache, and the hidden state after each row's prompt, `MAX_WIDTH` rows: the
    vocabulary's product has always that many, or its bits could change.
    """
    config = forward.model.config
    cache = StaticCache(config=config, max_cache_len=size)
    cache.layers = [_RowLayer(max_cache_len=size) for _ in cache.layers]
    last_hidden = forward.model.lm_head.weight.new_zeros(
        MAX_WIDTH, forward.model.lm_head.weight.shape[1]
    )
    readers: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        readers[tuple(row.prompt)].append(index)
    prompts = list(readers)
    for group in plan_batches([len(prompt) for prompt in prompts], forward.budget):
        own = DynamicCache(config=config)
        trees = [pack([list(prompts[n])]) for n in group]
        hidden = forward.hidden(trees, past_key_values=own)
        start = 0
        for n, states in zip(group, hidden, strict=True):
            end = start + len(states)
            for index in readers[prompts[n]]:
                last_hidden[index] = states[-1]
                _copy_keys(cache, own, index, slice(start, end), (width, lengths))
            start = end
    return cache, last_hidden


def _copy_keys(
    cache: StaticCache,
    own: DynamicCache,
    row: int,
    span: slice,
    shape: tuple[int, torch.Tensor],
) -> None:
    width, lengths = shape
    layers: Iterable[tuple[Any, Any]] = zip(cache.layers, own.layers, strict=True)
    for target, source in layers:
        if not target.is_initialized:
            empty = source.keys.new_zeros((width, *source.keys.shape[1:]))
            target.lazy_initialization(empty, empty)
            target.lengths = lengths
        target.keys[row, :, : span.stop - span.start] = source.keys[0, :, span]
        target.values[row, :, : span.stop - span.start] = source.values[0, :, span]
