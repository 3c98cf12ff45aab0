"""The `vllm` backend: generation and likelihoods on vLLM's engine, in this process.

vLLM batches and schedules on its own. What it is given are token ids, never text, so that
both backends that run here read the very same sequences.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.models.chat import ChatFormat, Fitted
from curation.models.choices import choose
from curation.models.paths import by_response, plan_joint, plan_likelihood
from curation.models.protocols import (
    Completion,
    GenerationRequest,
    JointRequest,
    JointResult,
    LikelihoodRequest,
    LikelihoodResult,
)
from curation.models.vllm_engine import VllmEngine, refusals
from curation.models.vllm_scoring import PathScorer
from schemas.errors import ModelError


def load_vllm(name: str, revision: str, dtype: str, max_context: int | None) -> "VllmModel":
    """Load a model into vLLM, on the GPU if there is one.

    Parameters: `name`, a folder or an id of a hub; `revision`, a commit where it is an id, else
    for provenance only; `dtype`, `bfloat16` or `float32`; `max_context` in tokens.

    Raises: ModelError when vLLM cannot load it, or when a sequence of `max_context` tokens does
    not fit into its memory.
    """
    from transformers import AutoTokenizer

    source = {} if Path(name).is_dir() else {"revision": revision}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **source)
    except (OSError, ValueError) as error:
        raise ModelError(f"model {name!r} cannot be loaded: {error}") from error
    return VllmModel(VllmEngine(name, revision, dtype, max_context), tokenizer, name, revision)


class VllmModel:
    """A causal language model with a chat template, run by vLLM.

    Implements `Generator`, `LikelihoodScorer`, and `JointScorer` for requests without
    similarity: vLLM gives no hidden states. May be asked from several threads. Answers depend
    on neighbours in the last digits only: each sample has a seed of its own, but matrix
    products of another size round differently (vLLM's `VLLM_BATCH_INVARIANT=1` ends that on
    the GPUs it supports).

    Parameters: `engine`; `tokenizer` of transformers; `name` and `revision` for provenance.
    """

    def __init__(self, engine: VllmEngine, tokenizer: Any, name: str, revision: str) -> None:
        self.chat = ChatFormat(tokenizer)
        self.name = name
        self.revision = revision
        self.max_context = engine.max_context
        self._engine = engine
        self._scorer = PathScorer(engine)

    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request.

        A guide by choices weighs the whole texts, as the transformers backend does: a text's
        chance is its likelihood. A guide by JSON schema masks what the schema does not allow;
        its log-probability would be that of the masked model, so it is not told, and an
        answer with the finish reason `length` is cut off and no JSON.

        Raises: PromptTooLongError when a request's last message does not fit; ModelError for a
        JSON schema that vLLM cannot follow.
        """
        prompts, written, guided = [], [], {}
        for index, request in enumerate(requests):
            budget = min(request.max_prompt_tokens, self.max_context - request.max_new_tokens)
            prompts.append(self.chat.fit(request.messages, budget))
            if request.guide is not None and request.guide.choices:
                guided[index] = [
                    (text, [*self.chat.text_ids(text), self._end_of_turn])
                    for text in request.guide.choices
                ]
            else:
                written += [(index, sample) for sample in range(request.n)]
        chosen = choose(self._scorer, prompts, requests, guided) if guided else {}
        answers = [chosen.get(index, []) for index in range(len(requests))]
        with refusals():
            sampling = [_sampling(requests[index], sample) for index, sample in written]
        outputs = self._engine.ask([prompts[index].ids for index, _ in written], sampling)
        for (index, _), output in zip(written, outputs, strict=True):
            answers[index].append(
                self._completion(requests[index], prompts[index], output.outputs[0])
            )
        return answers

    def score(self, requests: Sequence[LikelihoodRequest]) -> list[LikelihoodResult]:
        """Give the log-probability (nats) of each token of each continuation.

        Raises: PromptTooLongError when a request's last message and a continuation do not fit;
        ModelError for a thinned network, which vLLM cannot run.
        """
        if any(request.dropout for request in requests):
            raise ModelError("the vllm backend has no dropout passes; use transformers:…")
        plans = [plan_likelihood(self.chat, r, self.max_context) for r in requests]
        runs = self._scorer.run([plan.paths for plan in plans])
        return [
            LikelihoodResult([s.likelihood for s in scored], plan.cut_messages, tokens)
            for plan, (scored, tokens) in zip(plans, runs, strict=True)
        ]

    def measure(self, requests: Sequence[JointRequest]) -> list[JointResult]:
        """Give the mean log-probability of each follow-up after each response.

        Raises: PromptTooLongError when a request's last message and response do not fit;
        ModelError for similarity, which is made of hidden states.
        """
        if any(request.similarity for request in requests):
            raise ModelError(
                "the vllm backend gives no hidden states, so no CHES: ask it with "
                "similarity=False, or use transformers:…"
            )
        plans = [plan_joint(self.chat, r, self.max_context) for r in requests]
        results = []
        runs = self._scorer.run([plan.paths for plan in plans])
        for request, plan, (scored, tokens) in zip(requests, plans, runs, strict=True):
            means = [sum(s.likelihood) / len(s.likelihood) for s in scored]
            follow_ups = by_response(means, request)
            results.append(JointResult(follow_ups, None, plan.cut_messages, tokens))
        return results

    def close(self) -> None:
        """End the engine and free its memory; the model cannot be asked any more."""
        self._engine.close()

    def _completion(self, request: GenerationRequest, prompt: Fitted, written: Any) -> Completion:
        if written.finish_reason not in ("stop", "length"):
            raise ModelError(f"vLLM ended the answer with {written.finish_reason!r}")
        tokens = list(written.token_ids)
        if written.finish_reason == "stop":
            tokens.pop()
        return Completion(
            self.chat.tokenizer.decode(tokens, skip_special_tokens=True),
            written.finish_reason,
            len(prompt.ids),
            len(tokens),
            None if request.guide else written.cumulative_logprob,
            prompt.cut_messages,
        )

    @property
    def _end_of_turn(self) -> int:
        end: int | None = self.chat.tokenizer.eos_token_id
        if end is None:
            raise ModelError("the model's tokenizer names no token that ends a turn")
        return end


def _sampling(request: GenerationRequest, sample: int) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    form = None
    if request.guide is not None:
        form = StructuredOutputsParams(json=request.guide.json_schema)
    name = f"{request.seed}/{sample}".encode()
    return SamplingParams(
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_new_tokens,
        seed=int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) >> 1,
        logprobs=0,
        structured_outputs=form,
        detokenize=False,
    )
