"""The `transformers` backend: likelihoods, hidden states and generation on CPU or CUDA."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from curation.models.chat import ChatFormat
from curation.models.decoding import Row, decode, free_widths
from curation.models.prefix_tree import pack
from curation.models.protocols import (
    Completion,
    GenerationRequest,
    HiddenRequest,
    HiddenSum,
    JointRequest,
    JointResult,
    LikelihoodRequest,
)
from curation.models.sampling import RowSampler

_LOGIT_ROWS = 256  # Rows of logits alive at once: 50 MB in float32 at 50,000 words.


class _Path(NamedTuple):
    """One token sequence and what is wanted of it."""

    tokens: list[int]
    likelihood_from: int | None
    hidden_from: int | None


class TransformersModel:
    """A causal language model with a chat template.

    Implements `Generator`, `LikelihoodScorer`, `HiddenStateEncoder` and `JointScorer`. Every
    request is one forward pass over its own packed tokens, so its numbers do not depend on
    the requests around it.

    Parameters: `model` and `tokenizer` of transformers, `name` and `revision` for provenance,
    `max_context` in tokens (default: what the model's configuration allows).
    """

    def __init__(
        self, model: Any, tokenizer: Any, name: str, revision: str, max_context: int | None = None
    ) -> None:
        self.model = model.eval()
        self.chat = ChatFormat(tokenizer)
        self.name = name
        self.revision = revision
        self.max_context = min(max_context or 1 << 30, _context_window(model.config))
        self._bridge = self.chat.bridge_ids()
        self._stop_ids = _stop_ids(model, tokenizer)
        self._widths = free_widths(model)
        # Logits in bfloat16 are steps of 1/8 nat: the last product is done in float32.
        head = model.lm_head.weight
        self._head = head.float() if head.device.type == "cpu" else head

    @torch.inference_mode()
    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request.

        Raises: PromptTooLongError when a request's last message does not fit.
        """
        rows, owners = [], []
        for index, request in enumerate(requests):
            budget = min(request.max_prompt_tokens, self.max_context - request.max_new_tokens)
            prompt = self.chat.fit(request.messages, budget)
            for sample in range(request.n):
                sampler = RowSampler(request.temperature, request.top_p, request.seed, sample)
                rows.append(Row(prompt, request.max_new_tokens, sampler))
                owners.append(index)
        answers: list[list[Completion]] = [[] for _ in requests]
        written = decode(self.model, rows, self._stop_ids, self._widths)
        for owner, row, (tokens, reason) in zip(owners, rows, written, strict=True):
            text = self.chat.tokenizer.decode(tokens, skip_special_tokens=True)
            answers[owner].append(Completion(text, reason, len(row.prompt), len(tokens)))
        return answers

    def score(self, requests: Sequence[LikelihoodRequest]) -> list[list[list[float]]]:
        """Give the log-probability (nats) of each token of each continuation."""
        return [self._score(request) for request in requests]

    def _score(self, request: LikelihoodRequest) -> list[list[float]]:
        budget = min(request.max_tokens, self.max_context)
        paths = []
        for message in request.continuations:
            own = self.chat.text_ids(message.content)
            if message.role == "assistant":
                context = self.chat.fit(request.context, budget - len(own))
            else:
                *prompt, reply = request.context
                tail = self.chat.text_ids(reply.content) + self._bridge
                context = self.chat.fit(prompt, budget - len(own) - len(tail)) + tail
            paths.append(_Path(context + own, len(context), None))
        return [list(likelihood) for likelihood, _ in self._run(paths)[0]]

    def encode(self, requests: Sequence[HiddenRequest]) -> list[list[HiddenSum]]:
        """Give the hidden sum of each response, accumulated in float64."""
        joint = [JointRequest(r.prompt, r.responses, (), True, r.max_tokens) for r in requests]
        return [list(result.hidden) for result in self.measure(joint)]

    def measure(self, requests: Sequence[JointRequest]) -> list[JointResult]:
        """Give what `score` and `encode` would, with every shared prefix computed once.

        Raises: PromptTooLongError when a request's last message and response do not fit.
        """
        return [self._measure(request) for request in requests]

    def _measure(self, request: JointRequest) -> JointResult:
        responses = [self.chat.text_ids(text) for text in request.responses]
        follow_ups = [self.chat.text_ids(text) for text in request.follow_ups]
        # One prompt for all responses: what is compared must have seen the same history.
        longest = max(map(len, responses))
        if follow_ups:
            longest += len(self._bridge) + max(map(len, follow_ups))
        prompt = self.chat.fit(request.prompt, min(request.max_tokens, self.max_context) - longest)
        paths = []
        for response in responses:
            if request.hidden:
                paths.append(_Path(prompt + response, None, len(prompt) - 1))
            spoken = prompt + response + self._bridge
            paths += [_Path(spoken + own, len(spoken), None) for own in follow_ups]
        measured, tokens = self._run(paths)
        per_response = len(follow_ups) + request.hidden
        rows = [list(row) for row in _batched(measured, per_response)]
        return JointResult(
            [[m.likelihood for m in row[request.hidden :]] for row in rows],
            [
                HiddenSum(row[0].hidden, len(response) + 1)
                for row, response in zip(rows, responses, strict=True)
                if request.hidden
            ],
            tokens,
        )

    @torch.inference_mode()
    def _run(self, paths: Sequence[_Path]) -> tuple[list["_Measured"], int]:
        """One forward pass over the packed paths, and what each path asked for."""
        tree = pack([path.tokens for path in paths])
        device = self.model.device
        hidden = self.model.base_model(
            input_ids=torch.from_numpy(tree.tokens)[None].to(device),
            attention_mask=torch.from_numpy(tree.mask)[None, None].to(device),
            position_ids=torch.from_numpy(tree.positions)[None].to(device),
            use_cache=False,
        ).last_hidden_state[0]
        asked = [
            (place[i - 1], path.tokens[i])
            for path, place in zip(paths, tree.paths, strict=True)
            if path.likelihood_from is not None
            for i in range(path.likelihood_from, len(path.tokens))
        ]
        answers = iter(self._log_probabilities(hidden, asked))
        measured = []
        for path, place in zip(paths, tree.paths, strict=True):
            likelihood: list[float] = []
            if path.likelihood_from is not None:
                likelihood = list(
                    itertools.islice(answers, len(path.tokens) - path.likelihood_from)
                )
            total: list[float] = []
            if path.hidden_from is not None:
                rows = torch.from_numpy(place[path.hidden_from :]).to(device)
                total = hidden[rows].double().sum(0).cpu().tolist()
            measured.append(_Measured(likelihood, total))
        return measured, len(tree.tokens)

    def _log_probabilities(
        self, hidden: torch.Tensor, asked: Sequence[tuple[int, int]]
    ) -> list[float]:
        """Log-probability of a token after a position, never all logits at once."""
        answers: list[float] = []
        for start in range(0, len(asked), _LOGIT_ROWS):
            part = torch.tensor(asked[start : start + _LOGIT_ROWS], device=hidden.device)
            states = hidden[part[:, 0]].to(self._head.dtype)
            logits = torch.nn.functional.linear(states, self._head).float()
            chosen = logits.gather(1, part[:, 1:])[:, 0]
            answers += (chosen - logits.logsumexp(1)).cpu().tolist()
        return answers


class _Measured(NamedTuple):
    likelihood: list[float]
    hidden: list[float]


def _batched(items: Sequence[_Measured], size: int) -> Iterator[Sequence[_Measured]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _context_window(config: Any) -> int:
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    window = getattr(text, "max_position_embeddings", None) or 1 << 30
    # Beyond a sliding window the packed mask would show a token more than the model was made for.
    return min(window, getattr(text, "sliding_window", None) or window)


def _stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(i for i in [*ids, tokenizer.eos_token_id] if i is not None)
