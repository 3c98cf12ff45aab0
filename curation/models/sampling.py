"""Choosing the next token: greedy, or nucleus sampling with a seed of its own for each row."""

import numpy as np
import torch


class RowSampler:
    """Next tokens for one completion, random by nothing but its own seed.

    Parameters: `temperature` (0 is greedy), `top_p` (nucleus, in (0, 1]), `seed`, `index`
    (which of a request's n samples this is).

    Reference: Holtzman et al., The Curious Case of Neural Text Degeneration, section 3.1.

    >>> RowSampler(0.0, 1.0, seed=0, index=0).pick(torch.tensor([0.1, 2.0, 0.3]))
    1
    >>> draws = {RowSampler(1.0, 0.5, seed=s, index=0).pick(torch.tensor([5.0, 5.0, -9.0]))
    ...          for s in range(20)}
    >>> draws <= {0, 1}
    True
    """

    def __init__(self, temperature: float, top_p: float, seed: int, index: int) -> None:
        self._temperature = temperature
        self._top_p = top_p
        self._uniform = np.random.Generator(np.random.Philox(key=[seed, index]))

    def pick(self, logits: torch.Tensor) -> int:
        """Give a token id for one row of float32 logits."""
        if self._temperature <= 0:
            return int(logits.argmax())
        probabilities = torch.softmax(logits.double() / self._temperature, dim=-1)
        # Nearly always the nucleus lies in the head of the distribution; sorting all of a
        # vocabulary for it would cost more than the model's own step.
        head = min(256, probabilities.shape[0])
        while True:
            top, ids = torch.topk(probabilities, head)
            cumulative = torch.cumsum(top, 0)
            if head == probabilities.shape[0] or float(cumulative[-1]) >= self._top_p:
                break
            head = min(head * 16, probabilities.shape[0])
        kept = int((cumulative - top < self._top_p).sum())
        target = self._uniform.random() * float(cumulative[kept - 1])
        chosen = int(torch.searchsorted(cumulative[:kept], target, right=True))
        return int(ids[min(chosen, kept - 1)])
