"""Predictive entropy: how many different things a model would say to a prompt.

    H(x) = -sum over y of p(y | x) log p(y | x)  ~  mean over n samples y of -log p(y | x)

The estimate has no bias when the samples are drawn from the model itself: at temperature 1,
from all words. Samples that were cut off count with what there is of them, so H is then the
entropy of the first `max_new_tokens` tokens.

Reference: Muldrew et al., Active Preference Learning for Large Language Models
(arXiv 2402.08114).
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from curation.models.protocols import Completion, GenerationRequest
from schemas.errors import ModelError
from schemas.ids import content_id, seed_from
from schemas.records import Message


class PredictiveEntropy(NamedTuple):
    """Entropy of the replies to a prompt, in nats."""

    total: float
    """Per reply."""
    per_token: float
    """Mean over the replies of each one's surprise per token, its end counted as one."""


def entropy_request(
    prompt: Sequence[Message],
    seed: int,
    samples: int = 16,
    max_new_tokens: int = 128,
    max_prompt_tokens: int = 1024,
) -> GenerationRequest:
    """Ask for samples from the model itself.

    Parameters: `seed` of the run; the request's own is derived from it and from the prompt.

    >>> request = entropy_request([Message("user", "Name a colour.")], seed=1)
    >>> request.n, request.temperature, request.top_p
    (16, 1.0, 1.0)
    """
    own_seed = seed_from(seed, content_id("predictive entropy", prompt))
    return GenerationRequest(prompt, own_seed, max_new_tokens, 1.0, 1.0, samples, max_prompt_tokens)


def predictive_entropy(completions: Sequence[Completion]) -> PredictiveEntropy:
    """The entropy of a prompt's replies, from samples of them.

    Input: the answer to an `entropy_request`.

    Raises: ModelError when there is no sample, or the backend gave no log-probabilities.

    >>> sure = Completion("Blue.", "stop", 9, 2, log_probability=-0.3)
    >>> open_ = Completion("Sea green.", "stop", 9, 3, log_probability=-4.0)
    >>> predictive_entropy([sure, open_])
    PredictiveEntropy(total=2.15, per_token=0.55)
    """
    if not completions:
        raise ModelError("predictive entropy needs at least one sample of a prompt")
    surprises = []
    per_token = []
    for completion in completions:
        if completion.log_probability is None:
            raise ModelError("this model's backend gives no log-probabilities of what it writes")
        terms = completion.new_tokens + (completion.finish_reason == "stop")
        surprises.append(-completion.log_probability)
        per_token.append(-completion.log_probability / max(terms, 1))
    n = len(completions)
    return PredictiveEntropy(fsum(surprises) / n, fsum(per_token) / n)
