"""Worked solutions against the same with an error in them, without a model.

The reply of an exchange reasons in steps with numbers and ends in an answer that can be read off.
One thing in it goes wrong and is carried to the end, as a person would who makes one mistake: the
rejected reply is wrong once, consistent from there on, and written like the chosen one. That its
final answer is another one is checked on its text.

Reference: PORT (Lahlou et al., Preference Optimization on Reasoning Traces, arXiv 2406.16061),
digit corruption; the other kinds are ours.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from curation.feedback.exchanges import bare_pair
from curation.synthesis.origins import finished_pair, first_exchange, with_origin
from curation.synthesis.reasoning_corruption import Corruption, Draw, digits, units
from curation.synthesis.reasoning_lexemes import lex
from curation.synthesis.reasoning_order import order
from curation.synthesis.reasoning_solution import Solution, parse
from curation.synthesis.reasoning_steps import steps
from schemas.errors import UsageError
from schemas.ids import content_id, seed_from, unit_interval
from schemas.records import Conversation, Drop, PreferencePair

METHOD = "reasoning"
"""`PreferencePair.method` of these pairs."""
_Kind = Callable[[Solution, frozenset[Fraction], Draw], Iterator[Corruption]]
_KINDS: dict[str, _Kind] = {"digits": digits, "steps": steps, "order": order, "units": units}
KINDS = tuple(_KINDS)
"""Kinds of corruption: a digit changed; a step left out; operands or steps in the wrong order; the
answer in another unit."""


class ReasoningSettings(NamedTuple):
    """How solutions are corrupted.

    Parameters: `kinds`, of `KINDS`; `max_per_exchange`, how many kinds at most one solution is
    corrupted by, drawn by `seed`; `min_steps`, sentences or lines with numbers that a solution
    has at least before its answer; `max_chars` of a reply.
    """

    kinds: tuple[str, ...] = KINDS
    max_per_exchange: int = 2
    min_steps: int = 2
    max_chars: int = 6_000
    seed: int = 0

    def check(self) -> None:
        """Raises: UsageError for a kind that there is not, or a number that makes no sense."""
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise UsageError(
                f"reasoning: kinds={self.kinds!r}: expected some of {', '.join(KINDS)}"
            )
        for name in ("max_per_exchange", "min_steps", "max_chars"):
            if getattr(self, name) < 1:
                raise UsageError(f"reasoning: {name}={getattr(self, name)!r}: at least 1")


def corrupted_pairs(
    conversation: Conversation, settings: ReasoningSettings = ReasoningSettings()
) -> list[PreferencePair] | Drop:
    """Pairs of the first reply of a conversation and the same reply gone wrong.

    Output: at most one pair of each kind, the kind as its `rubric`; or a `Drop`: `no_exchange`;
    `too_long`; `no_reasoning` (too few steps with numbers, or nothing is calculated);
    `no_final_answer` (none that `curation.synthesis.reasoning_answer` reads); `wrong_arithmetic`
    (the reply calculates wrongly itself, so it is nothing to prefer); `same_answer` (nothing
    changes the final answer in a consistent way).

    Raises: SchemaError when the conversation's metadata are not in their form.

    >>> from schemas.records import Message
    >>> talk = (Message("user", "Two boxes of 12 eggs cost $6. What do 40 eggs cost?"),
    ...         Message("assistant", "An egg costs 6 / 24 = $0.25.\\nSo it is 40 * 0.25 = $10."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> for pair in corrupted_pairs(chat, ReasoningSettings(("order",))):
    ...     print(pair.rejected[0].content)
    An egg costs 24 / 6 = $4.00.
    So it is 40 * 4.00 = $160.
    """
    exchange = first_exchange(conversation)
    if exchange is None:
        return Drop(_identity(conversation), "no_exchange", None, None)
    if len(exchange.reply) > settings.max_chars:
        size, most = float(len(exchange.reply)), float(settings.max_chars)
        return Drop(_identity(conversation), "too_long", size, most)
    solution = parse(exchange.reply)
    reason = _refused(solution, settings)
    if reason:
        return Drop(_identity(conversation), reason, None, None)
    question = exchange.prompt[-1].content[: settings.max_chars]
    given = frozenset(number.value for number in lex(question).numbers)
    seed = seed_from(settings.seed, conversation.id)
    bare = with_origin(
        bare_pair(conversation, METHOD, _identity(conversation), (), (), ()), seed=seed
    )
    pairs: list[PreferencePair] = []
    for kind in sorted(settings.kinds, key=lambda kind: unit_interval(seed, kind)):
        if len(pairs) == settings.max_per_exchange:
            break
        found = next(_KINDS[kind](solution, given, partial(_rank, seed, kind)), None)
        if found is None or found.text in [pair.rejected[0].content for pair in pairs]:
            continue
        pair = finished_pair(bare, exchange.prompt, exchange.reply, found.text)
        why = f"The other one is wrong: {found.what}."
        pairs.append(pair._replace(rubric=kind, rationale=why))
    return pairs or Drop(_identity(conversation), "same_answer", None, None)


def _rank(seed: int, kind: str, place: str) -> float:
    return unit_interval(seed, f"{kind} {place}")


def _identity(conversation: Conversation) -> str:
    return content_id("reasoning", conversation.id)


def _refused(solution: Solution, settings: ReasoningSettings) -> str | None:
    """Why a reply is no worked solution."""
    end = len(solution.text) if solution.answer is None else solution.answer.start
    spans = [solution.span(part) for part in solution.parts if part.start < end]
    numbered = sum(first < behind for first, behind in spans)
    # A line may hold several steps of arithmetic.
    if not solution.calculates or max(numbered, len(solution.chains)) < settings.min_steps:
        return "no_reasoning"
    if solution.answer is None:
        return "no_final_answer"
    if any(chain.verdict == "wrong" for chain in solution.chains):
        return "wrong_arithmetic"
    return None
