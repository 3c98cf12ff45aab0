"""The forward pass that all scores come out of: packed trees in, what each path asked for out.

Logits are computed for the scored positions only, a few rows at a time; hidden states leave
the device as sums. Where a batch does not fit into memory, the token budget is halved, for
good, and the work goes on.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.functional import linear

from curation.models.batching import plan_batches
from curation.models.dropout import thinned
from curation.models.packed_attention import Segment
from curation.models.paths import Path
from curation.models.prefix_tree import PackedTree, pack
from curation.models.protocols import Dropout

CPU_BUDGET = 1024
"""Tokens of one forward pass on a CPU: more are no faster, fewer are slower."""
CUDA_BUDGET = 16384
"""The same on a GPU."""
_LOGIT_BYTES = 64_000_000  # of float32 logits alive at once on a CPU; a GPU takes eight times that


class Measured(NamedTuple):
    """What one path asked for."""

    likelihood: list[float]
    """Log-probabilities, nats."""
    total: Any
    """Sum of final hidden states, a float64 array of NumPy, or None."""
    last: Any
    """Final hidden state of the last token, float64, or None."""


class Forward:
    """Runs packed trees through a causal language model of transformers.

    Parameters: `model` with the attention of `curation.models.packed_attention`; `budget` in
    tokens of one forward pass.
    """

    def __init__(self, model: Any, budget: int | None = None) -> None:
        self.model = model
        self.device = model.device
        on_gpu = self.device.type == "cuda"
        self.budget = budget or (CUDA_BUDGET if on_gpu else CPU_BUDGET)
        head = model.lm_head
        # Logits in bfloat16 are steps of 1/8 nat: the last product is done in float32. A GPU
        # can give float32 sums of bfloat16 factors; a CPU needs a copy of the weights.
        self._mixed = on_gpu and head.weight.dtype != torch.float32
        self._head = head.weight if self._mixed else head.weight.float()
        self._bias = None if head.bias is None else head.bias.float()
        rows = _LOGIT_BYTES * (8 if on_gpu else 1) // (4 * self._head.shape[0])
        self._rows = max(rows, 16)

    @torch.inference_mode()
    def run(
        self, requests: Sequence[Sequence[Path]], dropout: Dropout | None = None
    ) -> list[tuple[list[Measured], int]]:
        """Measure the paths of several requests.

        Output: for each request what its paths asked for, and how many tokens it took.

        Raises: torch.OutOfMemoryError when one request alone does not fit.
        """
        trees = [pack([path.tokens for path in paths]) for paths in requests]
        answers: dict[int, list[Measured]] = {}
        with thinned(self.model, dropout):
            todo = list(range(len(trees)))
            while todo:
                batches = plan_batches([len(trees[i].tokens) for i in todo], self.budget)
                try:
                    for batch in ([todo[i] for i in group] for group in batches):
                        answers.update(self._run_batch(batch, trees, requests))
                except torch.OutOfMemoryError:
                    if len(batch) == 1:
                        raise
                    self.budget = max(sum(len(trees[i].tokens) for i in batch) // 2, 1)
                    if self.device.type == "cuda":
                        torch.cuda.empty_cache()
                todo = [i for i in todo if i not in answers]
        return [(answers[i], len(tree.tokens)) for i, tree in enumerate(trees)]

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Logits, in float32, of final hidden states `[rows, width]`."""
        if self._mixed:
            logits = torch.mm(states, self._head.t(), out_dtype=torch.float32)
            return logits if self._bias is None else logits + self._bias
        return linear(states.to(self._head.dtype), self._head, self._bias)

    def hidden(self, trees: Sequence[PackedTree], **kwargs: Any) -> list[torch.Tensor]:
        """Final hidden states `[tokens, width]` of each tree, all trees in one pass.

        Parameters: `kwargs` go to the model (a key-value cache to fill).
        """
        segments, start = [], 0
        for tree in trees:
            length = len(tree.tokens)
            mask = torch.from_numpy(tree.mask).to(self.device) if len(tree.mask) else None
            segments.append(Segment(start, tree.trunk, length, mask))
            start += length
        states = self.model.base_model(
            input_ids=self._joined([tree.tokens for tree in trees]),
            position_ids=self._joined([tree.positions for tree in trees]),
            segments=segments,
            use_cache="past_key_values" in kwargs,
            **kwargs,
        ).last_hidden_state[0]
        return [states[s.start : s.start + s.length] for s in segments]

    def _joined(self, arrays: Sequence[Any]) -> torch.Tensor:
        return torch.cat([torch.from_numpy(array) for array in arrays])[None].to(self.device)

    def _run_batch(
        self,
        batch: Sequence[int],
        trees: Sequence[PackedTree],
        requests: Sequence[Sequence[Path]],
    ) -> dict[int, list[Measured]]:
        states = self.hidden([trees[i] for i in batch])
        return {
            i: self._read(requests[i], trees[i], hidden)
            for i, hidden in zip(batch, states, strict=True)
        }

    def _read(
        self, paths: Sequence[Path], tree: PackedTree, hidden: torch.Tensor
    ) -> list[Measured]:
        asked = [
            (place[i - 1], path.tokens[i])
            for path, place in zip(paths, tree.paths, strict=True)
            if path.likelihood_from is not None
            for i in range(path.likelihood_from, len(path.tokens))
        ]
        log_probabilities = self._log_probabilities(hidden, asked)
        measured, start = [], 0
        for path, place in zip(paths, tree.paths, strict=True):
            end = start
            if path.likelihood_from is not None:
                end += len(path.tokens) - path.likelihood_from
            total = last = None
            if path.hidden_from is not None:
                rows = torch.from_numpy(place[path.hidden_from :]).to(hidden.device)
                states = hidden[rows].double()
                total, last = states.sum(0).cpu().numpy(), states[-1].cpu().numpy()
            measured.append(Measured(log_probabilities[start:end], total, last))
            start = end
        return measured

    def _log_probabilities(
        self, hidden: torch.Tensor, asked: Sequence[tuple[int, int]]
    ) -> list[float]:
        answers: list[float] = []
        for start in range(0, len(asked), self._rows):
            part = torch.tensor(asked[start : start + self._rows], device=hidden.device)
            logits = self.logits(hidden[part[:, 0]])
            chosen = logits.gather(1, part[:, 1:])[:, 0]
            answers += (chosen - logits.logsumexp(1)).cpu().tolist()
        return answers
