"""The `transformers` backend: likelihoods, hidden states and generation on CPU or CUDA."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from curation.models.chat import ChatFormat
from curation.models.choices import choose
from curation.models.decoding import Row, Written, decode
from curation.models.forward import Forward, Measured
from curation.models.invariance import free_widths, rows_are_free
from curation.models.paths import Plan, by_response, plan_hidden, plan_joint, plan_likelihood
from curation.models.protocols import (
    Completion,
    Dropout,
    GenerationRequest,
    HiddenRequest,
    HiddenResult,
    HiddenSum,
    JointRequest,
    JointResult,
    LikelihoodRequest,
    LikelihoodResult,
    Similarity,
)
from curation.models.sampling import RowSampler
from schemas.errors import ModelError


class TransformersModel:
    """A causal language model with a chat template.

    Implements `Generator`, `LikelihoodScorer`, `HiddenStateEncoder` and `JointScorer`; may be
    asked from several threads. On a CPU no answer depends on the requests around it, not in one
    bit; on a GPU scores may differ in the last digits with the batch.

    Parameters: `model` (with the attention of `curation.models.packed_attention`) and
    `tokenizer` of transformers, `name` and `revision` for provenance, `max_context` in tokens
    (default: what the model's configuration allows), `token_budget` of one forward pass.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        name: str,
        revision: str,
        *,
        max_context: int | None = None,
        token_budget: int | None = None,
    ) -> None:
        self.model = model.eval()
        self.chat = ChatFormat(tokenizer)
        self.name = name
        self.revision = revision
        self.max_context = min(max_context or 1 << 30, _context_window(model.config))
        self._stop_ids = _stop_ids(model, tokenizer)
        self._widths = free_widths(model)
        if token_budget is None and model.device.type == "cpu" and not rows_are_free(model):
            token_budget = 1  # Every request alone: sharing a pass would change its last bits.
        self.forward = Forward(model, token_budget)
        self._lock = threading.Lock()

    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request.

        Raises: PromptTooLongError when a request's last message does not fit; ModelError for a
        guide by JSON schema, which this backend cannot follow.
        """
        rows, prompts, guided = [], [], {}
        for index, request in enumerate(requests):
            prompt = self.chat.fit(request.messages, self._prompt_budget(request))
            prompts.append(prompt)
            if request.guide is None:
                for sample in range(request.n):
                    sampler = RowSampler(request.temperature, request.top_p, request.seed, sample)
                    rows.append(Row(prompt.ids, request.max_new_tokens, sampler))
            elif request.guide.choices:
                guided[index] = [
                    (text, [*self.chat.text_ids(text), self._end_of_turn])
                    for text in request.guide.choices
                ]
            else:
                raise ModelError(
                    "the transformers backend cannot hold an answer to a JSON schema; the vllm "
                    "backend and servers that have guided decoding can"
                )
        with self._lock, torch.inference_mode():
            chosen = choose(self.forward, prompts, requests, guided)
            written = iter(decode(self.forward, rows, self._stop_ids, self._widths))
        return [
            chosen[index]
            if index in chosen
            else [self._completion(prompt, next(written)) for _ in range(request.n)]
            for index, (request, prompt) in enumerate(zip(requests, prompts, strict=True))
        ]

    def score(self, requests: Sequence[LikelihoodRequest]) -> list[LikelihoodResult]:
        """Give the log-probability (nats) of each token of each continuation.

        Raises: PromptTooLongError when a request's last message and a continuation do not fit.
        """
        plans = [plan_likelihood(self.chat, r, self.max_context) for r in requests]
        results: dict[int, LikelihoodResult] = {}
        for dropout in dict.fromkeys(request.dropout for request in requests):
            alike = [i for i, request in enumerate(requests) if request.dropout == dropout]
            for i, (measured, tokens) in zip(
                alike, self._run([plans[i] for i in alike], dropout), strict=True
            ):
                likelihoods = [m.likelihood for m in measured]
                results[i] = LikelihoodResult(likelihoods, plans[i].cut_messages, tokens)
        return [results[i] for i in range(len(requests))]

    def encode(self, requests: Sequence[HiddenRequest]) -> list[HiddenResult]:
        """Give the hidden sum of each response, accumulated in float64.

        Raises: PromptTooLongError when a request's last message and a response do not fit.
        """
        plans = [plan_hidden(self.chat, r, self.max_context) for r in requests]
        return [
            HiddenResult(
                [
                    HiddenSum(m.total.tolist(), _terms(path), m.last.tolist())
                    for m, path in zip(measured, plan.paths, strict=True)
                ],
                plan.cut_messages,
                tokens,
            )
            for plan, (measured, tokens) in zip(plans, self._run(plans), strict=True)
        ]

    def measure(self, requests: Sequence[JointRequest]) -> list[JointResult]:
        """Give what `score` and `encode` would, with every shared prefix computed once.

        Raises: PromptTooLongError when a request's last message and response do not fit.
        """
        plans = [plan_joint(self.chat, r, self.max_context) for r in requests]
        return [
            _joint_result(request, plan, measured, tokens)
            for request, plan, (measured, tokens) in zip(
                requests, plans, self._run(plans), strict=True
            )
        ]

    def close(self) -> None:
        """Nothing to end: memory goes with the last reference."""

    def _run(
        self, plans: Sequence[Plan], dropout: Dropout | None = None
    ) -> list[tuple[list[Measured], int]]:
        with self._lock:
            return self.forward.run([plan.paths for plan in plans], dropout)

    def _prompt_budget(self, request: GenerationRequest) -> int:
        return min(request.max_prompt_tokens, self.max_context - request.max_new_tokens)

    def _completion(self, prompt: Any, written: Written) -> Completion:
        text = self.chat.tokenizer.decode(written.tokens, skip_special_tokens=True)
        return Completion(
            text,
            written.finish_reason,
            len(prompt.ids),
            len(written.tokens),
            written.log_probability,
            prompt.cut_messages,
        )

    @property
    def _end_of_turn(self) -> int:
        end = self.chat.tokenizer.eos_token_id
        return end if end is not None else min(self._stop_ids)


def _joint_result(
    request: JointRequest, plan: Plan, measured: Sequence[Measured], tokens: int
) -> JointResult:
    rows = by_response(measured, request)
    follow_ups = [
        [sum(m.likelihood) / len(m.likelihood) for m in row[request.similarity :]] for row in rows
    ]
    similarity = None
    if request.similarity:
        paths = [row[0] for row in by_response(plan.paths, request)]
        similarity = _similarity(paths, [row[0] for row in rows])
    return JointResult(follow_ups, similarity, plan.cut_messages, tokens)


def _similarity(paths: Sequence[Any], measured: Sequence[Measured]) -> Similarity:
    responses = [path.tokens[path.hidden_from + 1 :] for path in paths]
    return Similarity(
        [_terms(path) for path in paths],
        _products([m.total for m in measured]),
        _products([m.last for m in measured]),
        [[Levenshtein.normalized_distance(a, b) for b in responses] for a in responses],
    )


def _products(vectors: Sequence[Any]) -> list[list[float]]:
    # One product at a time: a matrix product would add up in another order on the diagonal, and
    # equal responses would not cancel out.
    return [[float(np.dot(a, b)) for b in vectors] for a in vectors]


def _terms(path: Any) -> int:
    return len(path.tokens) - path.hidden_from


def _context_window(config: Any) -> int:
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    window = getattr(text, "max_position_embeddings", None) or 1 << 30
    # Beyond a sliding window the packed mask would show a token more than the model was made for.
    return min(window, getattr(text, "sliding_window", None) or window)


def _stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(i for i in [*ids, tokenizer.eos_token_id] if i is not None)
