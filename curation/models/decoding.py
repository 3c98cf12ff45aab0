"""Writing replies in batches, so that no reply depends on what it was batched with.

A row's numbers in a matrix product depend on the shapes of the product, not on the other
rows. So each prompt is read alone, at its own length, and the replies are written in
batches of a fixed width, with a key-value cache whose length is given by the row's own
prompt and limit: the same request gives the same text, whoever its neighbours are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache, StaticCache

from curation.models.sampling import RowSampler

DECODE_WIDTH = 16
"""Rows of every decoding step; short batches are filled up with copies of their first row."""


class Row(NamedTuple):
    """One completion to write."""

    prompt: list[int]
    max_new_tokens: int
    sampler: RowSampler


class Written(NamedTuple):
    """The tokens of one completion, without the end-of-turn token."""

    tokens: list[int]
    finish_reason: str


def decode(model: Any, rows: Sequence[Row], stop_ids: frozenset[int]) -> list[Written]:
    """Write a completion for each row.

    Input: a causal language model of transformers, rows, the ids that end a turn. Output:
    one `Written` for each row, in order.
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[_cache_length(len(row.prompt)), row.max_new_tokens].append(index)
    written: dict[int, Written] = {}
    for (length, new), members in sorted(groups.items()):
        for start in range(0, len(members), DECODE_WIDTH):
            batch = members[start : start + DECODE_WIDTH]
            results = _decode_batch(model, [rows[i] for i in batch], length, new, stop_ids)
            written.update(zip(batch, results, strict=True))
    return [written[index] for index in range(len(rows))]


def _cache_length(prompt_tokens: int) -> int:
    """Room for a prompt: the next power of two, at least 128 tokens."""
    return max(128, 1 << (prompt_tokens - 1).bit_length())


def _decode_batch(
    model: Any, rows: Sequence[Row], length: int, max_new_tokens: int, stop_ids: frozenset[int]
) -> list[Written]:
    device = model.device
    cache, first_hidden = _read_prompts(model, rows, length, max_new_tokens)
    lengths = torch.tensor([len(r.prompt) for r in rows] + [1] * (DECODE_WIDTH - len(rows)))
    visible = torch.zeros(DECODE_WIDTH, 1, 1, length + max_new_tokens, dtype=torch.bool)
    for index, row in enumerate(rows):
        visible[index, ..., : len(row.prompt)] = True
    visible, lengths = visible.to(device), lengths.to(device)
    tokens: list[list[int]] = [[] for _ in rows]
    reasons = ["length"] * len(rows)
    open_rows = set(range(len(rows)))
    logits = model.lm_head(first_hidden).float()
    for step in range(max_new_tokens):
        following = torch.zeros(DECODE_WIDTH, 1, dtype=torch.long)
        for index in sorted(open_rows):
            token = rows[index].sampler.pick(logits[index])
            if token in stop_ids:
                reasons[index] = "stop"
                open_rows.discard(index)
            else:
                tokens[index].append(token)
                following[index] = token
        if not open_rows or step == max_new_tokens - 1:
            break
        visible[..., length + step] = True
        hidden = model.base_model(
            input_ids=following.to(device),
            attention_mask=visible,
            position_ids=(lengths + step)[:, None],
            past_key_values=cache,
        ).last_hidden_state
        logits = model.lm_head(hidden[:, -1]).float()
    return [Written(t, reason) for t, reason in zip(tokens, reasons, strict=True)]


def _read_prompts(
    model: Any, rows: Sequence[Row], length: int, max_new_tokens: int
) -> tuple[StaticCache, torch.Tensor]:
    """Run each prompt alone and lay its keys and values into one shared cache."""
    cache = StaticCache(config=model.config, max_cache_len=length + max_new_tokens)
    last_hidden = model.lm_head.weight.new_zeros(DECODE_WIDTH, model.lm_head.weight.shape[1])
    for index, row in enumerate(rows):
        own = DynamicCache(config=model.config)
        ids = torch.tensor([row.prompt], device=model.device)
        hidden = model.base_model(input_ids=ids, past_key_values=own).last_hidden_state
        last_hidden[index] = hidden[0, -1]
        layers: Iterable[tuple[Any, Any]] = zip(cache.layers, own.layers, strict=True)
        for target, source in layers:
            if not target.is_initialized:
                shape = (DECODE_WIDTH, *source.keys.shape[1:])
                empty = source.keys.new_zeros(shape)
                target.lazy_initialization(empty, empty)
                target.cumulative_length.fill_(length)
            target.keys[index, :, : len(row.prompt)] = source.keys[0]
            target.values[index, :, : len(row.prompt)] = source.values[0]
    return cache, last_hidden
