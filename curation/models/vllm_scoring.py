"""Likelihoods from vLLM, with every shared context read from its prefix cache.

vLLM tells nothing of positions that it took from the cache, or worse, whatever stood in that
memory; left to itself it therefore reads nothing from the cache for such requests. So a
context is read first, in a request of its own, which also tells what its last position says
of the first token of each continuation. Then each continuation finds the context in the
cache, in whole blocks, and tells of its further tokens. Where continuations begin alike
beyond the end of a block, that beginning is read once, like a context.
"""

import math
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, takewhile
from typing import Any, NamedTuple

from curation.models.paths import Path
from curation.models.vllm_engine import VllmEngine
from schemas.errors import ModelError

_MOST_TOLD = 128  # First tokens that one request may ask about.
_Tokens = tuple[int, ...]


class Scored(NamedTuple):
    """What a path asked for."""

    likelihood: list[float]
    """Log-probability (nats) of each token from `Path.likelihood_from` on."""


class PathScorer:
    """Scores token sequences on vLLM; stands where `curation.models.forward.Forward` can."""

    def __init__(self, engine: VllmEngine) -> None:
        self._engine = engine

    def run(self, requests: Sequence[Sequence[Path]]) -> list[tuple[list[Scored], int]]:
        """Score the paths of each request.

        Output: for each request what its paths asked for, in order, and its tokens, those that
        several of its paths begin with counted once (vLLM reads up to a block more of each).

        Raises: ModelError when vLLM gives no finite number.
        """
        endings: dict[_Tokens, set[_Tokens]] = defaultdict(set)
        for path in (path for request in requests for path in request):
            endings[_context(path)].add(tuple(path.tokens))
        nodes: dict[tuple[_Tokens, _Tokens], _Node] = {}
        for context, members in sorted(endings.items()):
            root = _Node(context, None)
            nodes[context, context] = root
            for node in _grow(sorted(members), len(context), root, self._engine.block):
                nodes[context, node.tokens] = node
        self._ask(list(nodes.values()))
        results = []
        for request in requests:
            own = [nodes[_context(path), tuple(path.tokens)].likelihood for path in request]
            if not all(map(math.isfinite, chain.from_iterable(own))):
                raise ModelError("vLLM gave no finite log-probability for some token")
            results.append(([Scored(values) for values in own], _distinct_tokens(request)))
        return results

    def _ask(self, nodes: Sequence["_Node"]) -> None:
        asked = []
        for node in nodes:
            parts = [node.heads[n : n + _MOST_TOLD] for n in range(0, len(node.heads), _MOST_TOLD)]
            asked += [(node, part) for part in parts or [[]] if part or node.rest]
        params = [_params(node, part) for node, part in asked]
        # A salt of this call's own: no continuation has been in the cache before it.
        salt = uuid.uuid4().hex
        stale = {}
        for (node, _), output in zip(
            asked, self._engine.ask([n.tokens for n, _ in asked], params, salt), strict=True
        ):
            if told := output.outputs[0].logprobs:
                node.heads_told |= zip(told.token_ids, told.logprobs, strict=True)
            if node.rest:
                node.hear(output)
            if (output.num_cached_tokens or 0) > node.start:
                stale[node.tokens] = node
        # More than the context was found: the continuation lies on the way to another context.
        again = [node for node in stale.values() if node.rest]
        params = [_params(node, [], from_cache=False) for node in again]
        outputs = self._engine.ask([node.tokens for node in again], params)
        for node, output in zip(again, outputs, strict=True):
            node.hear(output)


@dataclass
class _Node:
    """One request: a context, or what continues one."""

    tokens: _Tokens
    parent: "_Node | None"
    heads: list[int] = field(default_factory=list)
    """Tokens that stand right after this node in some sequence."""
    heads_told: dict[int, float] = field(default_factory=dict)
    rest_told: list[float] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Number of leading tokens whose likelihood this node does not tell."""
        return len(self.parent.tokens if self.parent else self.tokens)

    @property
    def rest(self) -> _Tokens:
        """Tokens that this node tells of: all after the parent but the first."""
        return self.tokens[self.start + 1 :]

    @property
    def likelihood(self) -> list[float]:
        """Log-probabilities of all tokens after the context."""
        if self.parent is None:
            return []
        first = self.parent.heads_told[self.tokens[self.start]]
        return [*self.parent.likelihood, first, *self.rest_told]

    def hear(self, output: Any) -> None:
        """Take this node's own numbers out of what vLLM says."""
        told, size = output.prompt_logprobs, len(self.rest)
        if tuple(told.token_ids[-size:]) != self.rest:
            raise ModelError("vLLM told the likelihood of other tokens than those asked for")
        self.rest_told = list(told.logprobs[-size:])


def _grow(sequences: list[_Tokens], depth: int, parent: _Node, block: int) -> list[_Node]:
    """Nodes for sorted sequences that are longer than `depth` and equal up to it."""
    nodes: list[_Node] = []

    def add(tokens: _Tokens) -> _Node:
        nodes.append(_Node(tokens, parent))
        if tokens[len(parent.tokens)] not in parent.heads:
            parent.heads.append(tokens[len(parent.tokens)])
        return nodes[-1]

    for _, alike in groupby(sequences, key=lambda tokens: tokens[depth]):
        group = list(alike)
        common = _shared_length(group[0], group[-1])
        shared_block = common // block * block > len(parent.tokens)
        if len(group) == 1:
            add(group[0])
        elif shared_block:
            node = add(group[0][:common])
            longer = [tokens for tokens in group if len(tokens) > common]
            nodes += _grow(longer, common, node, block)
        else:
            if len(group[0]) == common:
                add(group.pop(0))
            nodes += _grow(group, common, parent, block)
    return nodes


def _params(node: _Node, heads: list[int], from_cache: bool = True) -> Any:
    from vllm import SamplingParams

    return SamplingParams(
        max_tokens=1,
        temperature=0,
        logprob_token_ids=heads or None,
        prompt_logprobs=0 if node.rest else None,
        flat_logprobs=True,
        detokenize=False,
        skip_reading_prefix_cache=not from_cache,
    )


def _context(path: Path) -> _Tokens:
    if path.likelihood_from is None:
        raise ModelError("vLLM tells likelihoods only")
    return tuple(path.tokens[: path.likelihood_from])


def _shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _distinct_tokens(paths: Sequence[Path]) -> int:
    total = 0
    last: list[int] = []
    for tokens in sorted(path.tokens for path in paths):
        total += len(tokens) - _shared_length(tokens, last)
        last = tokens
    return total
