"""Answers out of a closed list: the model cannot but answer in form.

Each text's probability is that of its tokens and of the end of the turn after them, so a
text that begins another one has no advantage.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from curation.models.chat import Fitted
from curation.models.paths import Path
from curation.models.protocols import Completion, GenerationRequest


class PathScorer(Protocol):
    """What tells the log-probabilities of paths, as `Measured.likelihood` of each."""

    def run(self, requests: Sequence[Sequence[Path]]) -> Sequence[tuple[Sequence[Any], int]]:
        """Measure the paths of several requests; see `curation.models.forward.Forward.run`."""
        ...


def choose(
    scorer: PathScorer,
    prompts: Sequence[Fitted],
    requests: Sequence[GenerationRequest],
    guided: Mapping[int, Sequence[tuple[str, list[int]]]],
) -> dict[int, list[Completion]]:
    """Choose among the texts of each guided request.

    Input: what measures paths; all prompts and requests; for the indices of the guided ones
    their texts with the token ids of each, the end of the turn included. Output: `n`
    completions for each of these; temperature 0 takes the likeliest text, any other draws from
    the probabilities of the texts, sharpened or flattened by it, by the request's seed.
    """
    paths = [
        [Path(prompts[i].ids + ids, len(prompts[i].ids), None) for _, ids in texts]
        for i, texts in guided.items()
    ]
    chosen = {}
    for (index, texts), (measured, _) in zip(guided.items(), scorer.run(paths), strict=True):
        request, prompt = requests[index], prompts[index]
        sums = [sum(m.likelihood) for m in measured]
        chosen[index] = [
            Completion(
                texts[pick][0],
                "stop",
                len(prompt.ids),
                len(texts[pick][1]) - 1,
                sums[pick],
                prompt.cut_messages,
            )
            for pick in (_draw(sums, request, sample) for sample in range(request.n))
        ]
    return chosen


def _draw(sums: Sequence[float], request: GenerationRequest, sample: int) -> int:
    if request.temperature <= 0:
        return int(np.argmax(sums))
    scaled = np.asarray(sums) / request.temperature
    weights = np.exp(scaled - scaled.max())
    random = np.random.Generator(np.random.Philox(key=[request.seed, sample]))
    return int(np.searchsorted(np.cumsum(weights), random.random() * weights.sum(), side="right"))
